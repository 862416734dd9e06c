"""The browser's tests are collected where there is a browser and its driver."""

import shutil

collect_ignore = (
    [] if shutil.which("chromium") and shutil.which("chromedriver") else ["test_browser.py"]
)
