"""The devices and crawlers that visit the shop, with the user agents they send."""

from __future__ import annotations

from typing import NamedTuple


class DeviceProfile(NamedTuple):
    """What a device says of itself. An app has a stable device id and no cookie; a browser the reverse."""

    device_type: str
    os: str
    browser: str
    is_app: bool
    share: float
    user_agent: str


DEVICE_PROFILES = (
    DeviceProfile("mobile", "iOS", "ShopApp", True, 0.17, "ShopApp/5.2 (iPhone; iOS 10.3.2; Scale/3.00)"),
    DeviceProfile("mobile", "Android", "ShopApp", True, 0.15, "ShopApp/5.2 (Linux; Android 7.0; SM-G930V)"),
    DeviceProfile(
        "mobile",
        "iOS",
        "Safari",
        False,
        0.15,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 10_3_2 like Mac OS X) AppleWebKit/603.2.4 (KHTML, like Gecko) "
        "Version/10.0 Mobile/14F89 Safari/602.1",
    ),
    DeviceProfile(
        "mobile",
        "Android",
        "Chrome",
        False,
        0.13,
        "Mozilla/5.0 (Linux; Android 7.0; SM-G930V) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/59.0.3071.125 Mobile Safari/537.36",
    ),
    DeviceProfile(
        "desktop",
        "Windows",
        "Chrome",
        False,
        0.20,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/60.0.3112.113 Safari/537.36",
    ),
    DeviceProfile(
        "desktop",
        "macOS",
        "Safari",
        False,
        0.10,
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_12_6) AppleWebKit/603.3.8 (KHTML, like Gecko) "
        "Version/10.1.2 Safari/603.3.8",
    ),
    DeviceProfile(
        "tablet",
        "iOS",
        "Safari",
        False,
        0.10,
        "Mozilla/5.0 (iPad; CPU OS 10_3_3 like Mac OS X) AppleWebKit/603.3.8 (KHTML, like Gecko) "
        "Version/10.0 Mobile/14G60 Safari/602.1",
    ),
)

CRAWLERS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/5.2; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 (compatible; SemrushBot/1.2~bl; +http://www.semrush.com/bot.html)",
    "Mozilla/5.0 (compatible; DotBot/1.1; http://www.opensiteexplorer.org/dotbot)",
)
