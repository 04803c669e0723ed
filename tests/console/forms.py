"""Forms of the pages, read and sent as a browser without scripts would."""

import html
import re

import httpx


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the last form on a page."""
    form = page.split("<form")[-1] if "<form" in page else page
    return fields(form)


def fields(form: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
    return {html.unescape(name): html.unescape(value) for name, value in found}


def form_to(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that is sent to an address."""
    for part in page.split("<form")[1:]:
        if f'action="{action}"' in part.split(">")[0]:
            return fields(part.split("</form>")[0])
    raise AssertionError(f"no form to {action}")


def csrf_of(client: httpx.Client) -> str:
    return form_to(client.get("/").text, "/logout")["csrf"]
