"""Storage: where Prefect's server would find a flow. Here they are records, to be made and read."""

from miniprefect.storage.azure import Azure
from miniprefect.storage.base import Storage
from miniprefect.storage.bitbucket import Bitbucket
from miniprefect.storage.codecommit import CodeCommit
from miniprefect.storage.docker import Docker
from miniprefect.storage.gcs import GCS
from miniprefect.storage.git import Git
from miniprefect.storage.github import GitHub
from miniprefect.storage.gitlab import GitLab
from miniprefect.storage.local import Local
from miniprefect.storage.module import Module
from miniprefect.storage.s3 import S3
from miniprefect.storage.webhook import Webhook

__all__ = [
    "GCS",
    "S3",
    "Azure",
    "Bitbucket",
    "CodeCommit",
    "Docker",
    "Git",
    "GitHub",
    "GitLab",
    "Local",
    "Module",
    "Storage",
    "Webhook",
]
