"""The bounded cache."""

import random
from pathlib import Path
from threading import Thread

from studio import Recipe, Studio
from studio.cache import BoundedCache


def test_the_latest_used_stay_and_the_sum_of_sizes_stays_within_the_limit():
    cache: BoundedCache[int, str] = BoundedCache(10)
    for key in range(3):
        cache.put(key, str(key), 3)
    assert cache.get(0) == "0"  # used: now the youngest
    cache.put(3, "3", 3)
    assert [cache.get(key) for key in range(4)] == ["0", None, "2", "3"]


def test_putting_again_replaces():
    cache: BoundedCache[int, str] = BoundedCache(10)
    for size in (9, 4):
        cache.put(1, f"of {size}", size)
    assert (cache.size, len(cache), cache.get(1)) == (4, 1, "of 4")


def test_what_is_too_large_is_not_kept_and_drives_nothing_out():
    cache: BoundedCache[int, str] = BoundedCache(10)
    cache.put(1, "small", 2)
    cache.put(2, "large", 11)
    assert (cache.get(1), cache.get(2)) == ("small", None)


def test_many_threads_leave_it_in_order():
    cache: BoundedCache[int, int] = BoundedCache(50)
    wrong: list[int] = []

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(2000):
            key = rng.randrange(40)
            value = cache.get(key)
            if value not in (None, key * key):
                wrong.append(key)
            cache.put(key, key * key, rng.randrange(8))

    threads = [Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and 0 <= cache.size <= 50


def test_what_a_reading_is_kept_under_counts(checkpoints: Path):
    """Twenty thousand readings of recipes with styles would hold more than all pictures."""
    fresh = Studio(checkpoints, default="tiny", precision="fp32")
    fresh.render(Recipe())
    plain = fresh._memory.readings.size
    fresh.render(Recipe(ws=fresh.styles(Recipe())))
    assert fresh._memory.readings.size - plain == plain + 8 * 16 * 4
