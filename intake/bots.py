"""Finds crawlers by their user agent."""

from __future__ import annotations

import json
from functools import cache, lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from crawlerdetect import CrawlerDetect

from intake.values import Mask, flat, mask_of

_IN_JSON = r'"user_agent":(?P<agent>"(?:[^"\\]|\\.)*")'


@cache
def _detector() -> CrawlerDetect:
    return CrawlerDetect(user_agent="")


@lru_cache(maxsize=65_536)
def is_crawler(user_agent: str) -> bool:
    """True when the user agent is that of a known crawler, or of a script or headless browser."""
    return bool(_detector().isCrawler(user_agent))


def agents_in(properties: pa.Array) -> pa.Array:
    """The `user_agent` of JSON objects, null where there is none."""
    if not pc.any(pc.match_substring(properties, '"user_agent":')).as_py():
        return pa.nulls(len(properties), pa.string())
    words = pc.struct_field(pc.extract_regex(properties, _IN_JSON), "agent").dictionary_encode()
    agents = [json.loads(word) for word in words.dictionary.to_pylist()]
    return pa.array(agents, pa.string()).take(words.indices)


def crawler_rows(agents: pa.Array) -> Mask:
    """Rows with a crawler's user agent; each distinct agent is judged once."""
    words = agents.dictionary_encode()
    verdicts = [is_crawler(word) for word in words.dictionary.to_pylist()]
    codes = pc.fill_null(words.indices, len(verdicts)).to_numpy(zero_copy_only=False)
    by_code: Mask = np.array([*verdicts, False], dtype=bool)
    return np.asarray(by_code[codes])


def bot_rows(events: pa.Table) -> Mask:
    """Events whose properties carry the flag that intake sets for crawlers."""
    return mask_of(flat(pc.match_substring(events.column("properties"), '"is_bot":true')))
