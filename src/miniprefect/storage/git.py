"""The record of flows in git."""

from typing import Any

from miniprefect.storage.base import Storage


class Git(Storage):
    """Say that a flow is in a git repository."""

    def __init__(
        self,
        flow_path: str,
        repo: str | None = None,
        repo_host: str = "github.com",
        flow_name: str | None = None,
        git_token_secret_name: str | None = None,
        git_token_username: str | None = None,
        git_clone_url_secret_name: str | None = None,
        branch_name: str | None = None,
        tag: str | None = None,
        commit: str | None = None,
        clone_depth: int = 1,
        use_ssh: bool = False,
        format_access_token: bool = True,
        **kwargs: Any,
    ) -> None:
        if not repo and not git_clone_url_secret_name:
            raise ValueError("Either `repo` or `git_clone_url_secret_name` must be provided")
        if [branch_name, tag, commit].count(None) < 2:
            raise ValueError("Please provide only one of the following parameters: `branch_name`, `tag`, `commit`")
        self.keep(locals())
        super().__init__(**kwargs)
