"""A page as people meet it: in a window of some width and colour scheme, by keyboard, through axe-core, on paper."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any, Literal

import pytest
from browser import Browser

AXE = Path(sys.prefix) / "node_modules" / "axe-core" / "axe.min.js"
"""Where `make setup` installs axe-core."""

Scheme = Literal["light", "dark"]

# WCAG 2.2, levels A and AA, with the rules that axe leaves out unless they are asked for. Large letters need the contrast of small
# ones here: 4.5 throughout.
_RUN_AXE = """
(async () => {
    axe.configure({checks: [{id: 'color-contrast', options: {ignoreLength: true, contrastRatio: {
        normal: {expected: 4.5}, large: {expected: 4.5}}}}]});
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];
    const found = await axe.run(document, {
        runOnly: {type: 'tag', values: tags}, rules: {'target-size': {enabled: true}}, resultTypes: ['violations', 'incomplete'],
    });
    const shown = rules => rules.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.target} ${node.html.slice(0, 160)}: ${
        [...node.any, ...node.all, ...node.none].map(check => check.message).join(' ')}`));
    return {violations: shown(found.violations), passes: found.passes.map(rule => rule.id),
            pale: shown(found.incomplete.filter(rule => rule.id === 'color-contrast').map(rule => ({...rule,
                nodes: rule.nodes.filter(node => !document.querySelector(node.target[0]).closest('svg, .scroll'))})))};
})()
"""

_LETTERS = """
[...document.querySelectorAll('svg text')].map(text => {
    text.scrollIntoView({block: 'center'});
    const box = text.getBoundingClientRect();
    const below = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2)
        .find(e => !e.closest('text') && (e.closest('.card') === e || (e.matches('path, rect') && getComputedStyle(e).fill !== 'none')));
    const ground = below ? getComputedStyle(below)[below.matches('.card') ? 'backgroundColor' : 'fill'] : 'none';
    return [text.textContent, getComputedStyle(text).fill, ground];
})
"""

_FOCUSED = """
(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const style = getComputedStyle(element);
    const again = 'reached' in element.dataset;
    element.dataset.reached = 'yes';
    let below = element;
    while (below && /^rgba\\(.*, 0\\)$|^transparent$/.test(getComputedStyle(below).backgroundColor)) below = below.parentElement;
    const ground = below ? getComputedStyle(below).backgroundColor : 'rgb(255, 255, 255)';
    return {again, what: element.outerHTML.slice(0, 120), style: style.outlineStyle, width: parseFloat(style.outlineWidth),
            colour: style.outlineColor, ground: ground};
})()
"""


def show(browser: Browser, html: str, *, width: int = 1100, scheme: Scheme = "light", opened: bool = False) -> None:
    """Load a page into a window; `opened` unfolds all that is folded."""
    place = browser.folder / "viewed.html"
    place.write_text(html, encoding="utf-8")
    browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
    browser.ask(
        "Emulation.setEmulatedMedia", media="screen", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    browser.load(place.as_uri())
    if opened:
        browser.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")


def audit(browser: Browser) -> dict[str, list[str]]:
    """Return what axe-core says of the page that is shown: `violations`, rules that it `passes`, and text whose contrast it could not
    tell (`pale`), but for what lies outside a part that scrolls, and pictures: see `letters_in_pictures`.
    """
    if not AXE.is_file():
        pytest.skip("needs axe-core, which `make setup` installs where npm and the npm registry can be reached")
    browser.evaluate(AXE.read_text(encoding="utf-8") + ";undefined")
    found: dict[str, list[str]] | None = browser.evaluate(_RUN_AXE)
    assert found is not None, "axe-core did not run"
    return found


def letters_in_pictures(browser: Browser) -> list[tuple[str, str, str]]:
    """Return (text, its colour, the colour below it) for all text in pictures."""
    return [tuple(found) for found in browser.evaluate(_LETTERS)]


def tab_through(browser: Browser, most: int = 1000) -> list[dict[str, Any]]:
    """Press Tab from the top of the page to its end; return what had the focus, one after the other, and how that is seen."""
    seen: list[dict[str, Any]] = []
    for _ in range(most):
        for kind in ("keyDown", "keyUp"):
            browser.ask("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        focused = browser.evaluate(_FOCUSED)
        if seen and (focused is None or focused["again"]):
            return seen
        if focused is not None:  # the first Tab may have to come in from the window's own buttons
            seen.append(focused)
    raise AssertionError(f"the page has no end: {seen[-1]}")


def printed(browser: Browser, *, width_mm: float = 210, height_mm: float = 297) -> bytes:
    """Return the page that is shown as a PDF, as a reader who prints it gets it."""
    browser.ask("Emulation.setEmulatedMedia", media="", features=[])
    answer = browser.ask(
        "Page.printToPDF",
        printBackground=False,
        preferCSSPageSize=True,
        paperWidth=width_mm / 25.4,
        paperHeight=height_mm / 25.4,
    )
    return base64.b64decode(answer["data"])


def picture(browser: Browser) -> bytes:
    """Return the whole page that is shown as a PNG."""
    size = browser.ask("Page.getLayoutMetrics")["cssContentSize"]
    clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
    answer = browser.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
    return base64.b64decode(answer["data"])


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours written as `rgb(1, 2, 3)`, as WCAG defines it: from 1 to 21."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [float(part) / 255 for part in colour.partition("(")[2].rstrip(")").split(",")[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
