"""Finds crawlers by their user agent."""

from __future__ import annotations

import json
from functools import cache, lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from crawlerdetect import CrawlerDetect

from intake.values import Mask

_IN_JSON = r'"user_agent":(?P<agent>"(?:[^"\\]|\\.)*")'


@cache
def _detector() -> CrawlerDetect:
    return CrawlerDetect(user_agent="")


@lru_cache(maxsize=65_536)
def is_crawler(user_agent: str) -> bool:
    """True when the user agent is that of a known crawler, or of a script or headless browser."""
    return bool(_detector().isCrawler(user_agent))


def crawler_rows(properties: pa.Array) -> Mask:
    """Rows whose properties hold a crawler's `user_agent`; each distinct agent is judged once."""
    quoted = pc.struct_field(pc.extract_regex(properties, _IN_JSON), "agent")
    words = quoted.dictionary_encode()
    verdicts = [is_crawler(json.loads(word)) for word in words.dictionary.to_pylist()]
    codes = pc.fill_null(words.indices, len(verdicts)).to_numpy(zero_copy_only=False)
    by_code: Mask = np.array([*verdicts, False], dtype=bool)
    return np.asarray(by_code[codes])
