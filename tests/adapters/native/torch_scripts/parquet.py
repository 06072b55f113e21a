"""Print what is read from a parquet file, and how a broken one is reported."""

import json
import sys
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from adapters.native.catalog import benchmarks
from adapters.native.evaluator.errors import DataError
from adapters.native.evaluator.items import read_items
from adapters.native.evaluator.reader import read_rows

folder = Path(sys.argv[1])
rows = [
    {"question": f"q{n}", "choices": {"text": ["x", "y"], "label": ["1", "2"]}, "answerKey": "2"} for n in range(3)
]
parquet.write_table(pa.Table.from_pylist(rows), folder / "test-0.parquet")
(folder / "broken.parquet").write_bytes(b"nothing")
read = read_rows(folder / "test-0.parquet")
arc = benchmarks()["arc"]
gold = read_items(read, arc, arc.columns)[0].gold
try:
    read_rows(folder / "broken.parquet")
    error = ""
except DataError as problem:
    error = problem.reason
sys.stdout.write(
    json.dumps({"first": read[0].data, "count": len(read), "place": read[-1].place, "gold": gold, "error": error})
)
