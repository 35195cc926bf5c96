"""Crawl a small web site level by level, and tell which links are broken.

    python examples/crawler.py                   # crawls examples/site, which it serves on this machine only
    python examples/crawler.py --folder docs/_build --levels 3

How many pages a level has is known only when the level before it was read. A mapped task does not mind: it
runs once for each item of the list it gets. A page that cannot be had fails alone, and the others go on.
"""

import argparse
import contextlib
import threading
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urldefrag, urljoin
from urllib.request import ProxyHandler, build_opener

from miniprefect import Flow, Parameter, task
from miniprefect.engine import signals
from miniprefect.triggers import all_finished

SITE = Path(__file__).parent / "site"
open_url = build_opener(ProxyHandler({})).open  # the site is on this machine, so ask no proxy


class Page(NamedTuple):
    links: list
    error: str = ""


@task
def fetch(url):
    """Return the text of an HTML page; other kinds of files are there, but have no links to follow."""
    try:
        with open_url(url, timeout=10) as answer:
            if answer.headers.get_content_type() != "text/html":
                raise signals.SKIP(f"{url} is not a page")
            return answer.read().decode(answer.headers.get_content_charset("utf-8"), "replace")
    except OSError as error:
        raise signals.FAIL(str(error)) from error


class LinkFinder(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links = []

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.links += [value for name, value in attrs if name == "href" and value]


@task
def find_links(url, html):
    """List the addresses a page links to, without fragments and doubles, in the order of the page."""
    finder = LinkFinder()
    finder.feed(html)
    finder.close()
    return list(dict.fromkeys(urldefrag(urljoin(url, link)).url for link in finder.links))


@task
def next_level(site, start):
    """List what is linked to but not in the site map yet. Links that lead out of the site are left alone."""
    linked = [link for page in site.values() for link in page.links]
    here = [link for link in dict.fromkeys([start, *linked]) if link.startswith(urljoin(start, "/"))]
    return [link for link in here if link not in site]


# This task needs to see all children of the maps before it, come what may. With the defaults it would not run
# if one of them failed, and be skipped if one of them was. What failed or skipped arrives as its signal.
@task(trigger=all_finished, skip_on_upstream_skip=False)
def add_level(site, urls, pages, links):
    """Return the site map with the pages of one level more: address -> Page."""
    level = {}
    for url, page, found in zip(urls, pages, links, strict=True):
        if isinstance(page, signals.FAIL):
            level[url] = Page(links=[], error=str(page))
        elif isinstance(page, signals.SKIP):
            level[url] = Page(links=[])
        else:
            level[url] = Page(links=found)
    return {**site, **level}


def build_flow(levels):
    with Flow("crawler") as flow:
        start = Parameter("start")
        site = {}
        for _ in range(levels):
            urls = next_level(site, start)
            pages = fetch.map(urls)
            links = find_links.map(urls, pages)
            site = add_level(site, urls, pages, links)
    return flow, site


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        """Say nothing: the run has a log of its own."""


@contextlib.contextmanager
def serve(folder):
    """Serve a folder on a free port of this machine, as long as the block lasts."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", default=SITE, help="folder to serve and crawl (default: examples/site)")
    parser.add_argument("--levels", type=int, default=6, help="how far to go from the first page")
    options = parser.parse_args()

    flow, site_map = build_flow(options.levels)
    with serve(options.folder) as start:
        state = flow.run(start=start)
    if not state.is_successful():
        print(f"The crawl failed: {state.message}")
        return 1

    site = {"/" + url.removeprefix(start): page for url, page in state.result[site_map].result.items()}
    print("links  address")
    for path, page in site.items():
        print(f"{len(page.links):5}  {path}  {page.error}".rstrip())
    for path in (path for path, page in site.items() if page.error):
        linking = [other for other, page in site.items() if urljoin(start, path) in page.links]
        print(f"broken: {path}, linked to from {', '.join(linking) or 'nowhere'}")
    return 1 if site["/"].error else 0


if __name__ == "__main__":
    raise SystemExit(main())
