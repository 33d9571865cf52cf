"""Studies of shared taxis in the countryside, from a notebook.

>>> import sharxi
>>> sharxi.build_region("isle-of-man.osm.pbf", "iom.region")["name"]
'isle-of-man'
>>> day = sharxi.run("isle-of-man-day.toml", set={"fleet.taxi": 40}, audit=True)
>>> day.kpi["promises_broken"], day.breaches
(0, [])
>>> swept = sharxi.sweep("isle-of-man-day.toml", vary={"fleet.taxi": range(30, 61, 10)}, seeds=range(1, 6))
>>> swept.summary.to_polars().select("fleet.taxi", "rejected", "wait_s_p95")

Equal inputs give equal bytes: on any number of threads, here or on a Ray cluster (``engine="ray"``).
"""

from ._native import VERSION as __version__
from ._native import Error
from ._regions import build_region, region_info
from ._studies import Run, Sweep, run, sweep
from ._tables import Table

__all__ = ["Error", "Run", "Sweep", "Table", "__version__", "build_region", "region_info", "run", "sweep"]
