"""Headless Chromium through chromedriver, by the WebDriver protocol: JSON over HTTP and nothing else."""

import base64
import json
import re
import shutil
import subprocess
from urllib.request import ProxyHandler, Request, build_opener

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
_OPENER = build_opener(ProxyHandler({}))


class Browser:
    """A browser with a fresh profile in ``folder``; a context manager that ends it."""

    def __init__(self, folder):
        self._driver = subprocess.Popen(
            ["chromedriver", "--port=0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        port = next(m[1] for m in map(_PORT.search, self._driver.stdout) if m)
        self._base = f"http://127.0.0.1:{port}/session"
        options = {"binary": shutil.which("chromium")}
        options["args"] = [*FLAGS, f"--user-data-dir={folder}"]
        capabilities = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        try:
            made = self._ask("POST", "", {"capabilities": {"alwaysMatch": capabilities}})
        except BaseException:
            self._end()
            raise
        self._base += f"/{made['sessionId']}"
        self.open("about:blank")  # what the first tab asks for is not ours
        self.requests()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._ask("DELETE", "")
        self._end()

    def _end(self):
        self._driver.terminate()
        self._driver.wait()
        self._driver.stdout.close()

    def _ask(self, method, path, content=None):
        data = None if content is None else json.dumps(content).encode()
        request = Request(self._base + path, data, {"Content-Type": "application/json"})
        request.method = method
        with _OPENER.open(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def open(self, address):
        self._ask("POST", "/url", {"url": address})

    def run(self, script, *arguments):
        """The value of a function body in the page."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def element(self, selector):
        found = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        return f"/element/{next(iter(found.values()))}"

    def click(self, selector):
        self._ask("POST", f"{self.element(selector)}/click", {})

    def keys(self, selector, text):
        self._ask("POST", f"{self.element(selector)}/value", {"text": text})

    def shown(self, selector):
        return self._ask("GET", f"{self.element(selector)}/displayed")

    def devtools(self, command, **params):
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def console(self):
        """Messages since the last call."""
        return [entry["message"] for entry in self._ask("POST", "/se/log", {"type": "browser"})]

    def requests(self):
        """Addresses asked for since the last call."""
        events = self._ask("POST", "/se/log", {"type": "performance"})
        messages = [json.loads(event["message"])["message"] for event in events]
        sent = [m for m in messages if m["method"] == "Network.requestWillBeSent"]
        return [message["params"]["request"]["url"] for message in sent]

    def look(self, width, theme="light", script=True):
        """Emulate a window ``width`` wide, a theme, and whether scripts may run."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.devtools("Emulation.setDeviceMetricsOverride", **size)
        features = [{"name": "prefers-color-scheme", "value": theme}]
        self.devtools("Emulation.setEmulatedMedia", features=features)
        self.devtools("Emulation.setScriptExecutionDisabled", value=not script)

    def photograph(self, path, height=None):
        """A PNG of the page's first ``height`` pixels, the whole page if none is given."""
        whole = self.devtools("Page.getLayoutMetrics")["cssContentSize"]
        clip = {
            "x": 0,
            "y": 0,
            "scale": 1,
            "width": whole["width"],
            "height": height or whole["height"],
        }
        options = {"captureBeyondViewport": True, "clip": clip}
        path.write_bytes(
            base64.b64decode(self.devtools("Page.captureScreenshot", **options)["data"])
        )


_PORT = re.compile(r"successfully on port (\d+)")
