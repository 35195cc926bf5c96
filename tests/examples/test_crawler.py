"""examples/crawler.py on the site shipped with it, checked against the files themselves, without any HTTP."""

import re

import pytest

from tests.examples.conftest import EXAMPLES

SITE = EXAMPLES / "site"


def links_of(address):
    """Return the addresses in the site that a page links to, read off its file with a regular expression."""
    path = SITE / (address.partition("?")[0].strip("/") or "index.html")
    if path.suffix != ".html" or not path.exists():
        return []
    found = []
    for link in re.findall(r'href="([^"#]+)', path.read_text(encoding="utf-8")):
        if ":" in link or link.startswith("/"):
            found.append(link)
        else:
            parts = f"{address.rpartition('/')[0]}/{link}".split("/")
            while ".." in parts:
                up = parts.index("..")
                del parts[up - 1 : up + 1]
            found.append("/".join(parts).replace("/./", "/"))
    return list(dict.fromkeys(found))


def levels_of_site():
    """Return the addresses of each level, as a person would collect them who follows the links."""
    levels, seen = [["/"]], {"/"}
    while levels[-1]:
        linked = [link for address in levels[-1] for link in links_of(address) if ":" not in link]
        levels.append([link for link in dict.fromkeys(linked) if link not in seen])
        seen.update(levels[-1])
    return levels[:-1]


def table(output):
    """Return {address: (number of links, error)} of the table that the example prints."""
    rows = [line.split(maxsplit=2) for line in output.splitlines() if re.match(r" *\d+  /", line)]
    return {row[1]: (int(row[0]), row[2] if len(row) > 2 else "") for row in rows}


@pytest.mark.parametrize("levels", [1, 2, 3, 4, 6])
def test_finds_the_pages_of_so_many_levels(run_example, levels):
    done = run_example("crawler", "--levels", levels)
    assert (done.returncode, done.stderr) == (0, "")
    expected = [address for level in levels_of_site()[:levels] for address in level]
    pages = table(done.stdout)
    assert list(pages) == expected
    assert {address: count for address, (count, _) in pages.items()} == {
        address: len(links_of(address)) for address in expected
    }


def test_tells_the_broken_link_and_where_it_is(run_example):
    done = run_example("crawler")
    pages = table(done.stdout)
    assert {address: error for address, (_, error) in pages.items() if error} == {
        "/knots/rolling-hitch.html": "HTTP Error 404: File not found"
    }
    assert "broken: /knots/rolling-hitch.html, linked to from /hitches.html, /knots/clove-hitch.html" in done.stdout


def test_leaves_alone_what_is_no_page_no_link_or_not_here(run_example):
    pages = table(run_example("crawler").stdout)
    assert pages["/words.txt"] == (0, "")  # skipped, which is no error
    assert "/draft.html" not in pages  # nothing links to it
    assert not [address for address in pages if "example.org" in address]
    assert len(pages) == 14


def test_the_children_of_the_maps_fail_and_skip_alone(run_example):
    log = run_example("crawler", log_level="INFO").stdout
    assert len(re.findall(r"'fetch\[\d+\]': Finished task run .* 'Failed'", log)) == 1
    assert len(re.findall(r"'fetch\[\d+\]': Finished task run .* 'Skipped'", log)) == 1
    assert len(re.findall(r"'fetch\[\d+\]': Finished task run .* 'Success'", log)) == 12
    assert len(re.findall(r"'find_links\[\d+\]': Finished task run .* 'TriggerFailed'", log)) == 1


def test_a_level_of_nothing_but_broken_links(run_example, tmp_path):
    (tmp_path / "index.html").write_text('<a href="a.html">A</a> <a href="b.html">B</a>', encoding="utf-8")
    done = run_example("crawler", "--folder", tmp_path)
    assert done.returncode == 0
    error = "HTTP Error 404: File not found"
    assert table(done.stdout) == {"/": (2, ""), "/a.html": (0, error), "/b.html": (0, error)}


def test_a_site_without_a_first_page_is_a_failure(run_example, tmp_path):
    done = run_example("crawler", "--folder", tmp_path / "nowhere")
    assert done.returncode == 1
    assert "broken: /, linked to from nowhere" in done.stdout
