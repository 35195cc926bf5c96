"""Artifacts under their path and names of 0.13."""

from miniprefect.backend.artifacts import create_link_artifact as create_link
from miniprefect.backend.artifacts import create_markdown_artifact as create_markdown
from miniprefect.backend.artifacts import delete_artifact
from miniprefect.backend.artifacts import update_link_artifact as update_link
from miniprefect.backend.artifacts import update_markdown_artifact as update_markdown

__all__ = ["create_link", "create_markdown", "delete_artifact", "update_link", "update_markdown"]
