"""What the checks of programs that read the published coverage share: the catalogue, what SQL says of a raster, and counting.

The server is named by PGHOST, PGPORT and PGUSER, the database by the program's first argument.
"""
import subprocess
import sys

DATABASE = sys.argv[1]
counts = {"passed": 0, "failed": 0}


def check(good, name, detail=""):
    counts["passed" if good else "failed"] += 1
    if not good:
        print(f"not ok {name}: {detail}")


def summary(name):
    print(f"{name}: {counts['passed']} passed, {counts['failed']} failed, 0 skipped", flush=True)
    return 1 if counts["failed"] else 0


def sql(text):
    out = subprocess.run(["psql", "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", DATABASE, "-c", text], check=True,
                         stdout=subprocess.PIPE, text=True)
    return [line.split("\t") for line in out.stdout.splitlines()]


class Published:
    """One raster as SQL sees it: a product's table, or the rows of one antenna in it."""

    def __init__(self, product, schema, table, where=""):
        self.schema, self.table, self.where = schema, table, where
        self.name = f"{product} {where}".strip()
        self.relation = f'"{schema}"."{table}"' + (f" WHERE {where}" if where else "")
        west, south, east, north, self.srid, self.cell, self.nodata = map(float, sql(
            "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e), srid, cell, nodata FROM (SELECT ST_Extent(ST_Envelope(rast)) AS e, "
            "min(ST_SRID(rast)) AS srid, min(ST_ScaleX(rast)) AS cell, min(ST_BandNoDataValue(rast)) AS nodata "
            f"FROM {self.relation}) AS t")[0])
        self.extent = (west, south, east, north)
        self.size = (round((east - west) / self.cell), round((north - south) / self.cell))

    def cells(self):
        """(x, y, value) at the centre of every cell; value is None where there is no data."""
        for x, y, value in sql("SELECT ST_X(geom), ST_Y(geom), val FROM "
                               f"(SELECT (ST_PixelAsCentroids(rast, 1, false)).* FROM {self.relation}) AS p"):
            yield float(x), float(y), None if float(value) == self.nodata else float(value)

    def compare(self, read):
        """Every cell against read(column, row), which gives a number or None. A single-precision number passes through text exactly
        but for its last digit."""
        west, _, _, north = self.extent
        cells = wrong = known = 0
        for x, y, value in self.cells():
            got = read(int((x - west) / self.cell), int((north - y) / self.cell))
            cells += 1
            known += value is not None
            if (got is None) != (value is None) or (value is not None and abs(got - value) > 1e-6 * abs(value)):
                wrong += 1
        check(wrong == 0 and cells == self.size[0] * self.size[1], f"{self.name}: values", f"{wrong} of {cells} differ")
        check(known > 100, f"{self.name}: cells with a value", f"{known}")


def published():
    """Every published raster of the catalogue; of per-antenna products one for each antenna."""
    products = sql("SELECT product, table_schema, table_name FROM rpm.coverage ORDER BY product")
    check(len(products) == 3, "three products are in the catalogue", f"{products}")
    for product, schema, table in products:
        if product != "rsrp_dbm":
            yield Published(product, schema, table)
            continue
        for (antenna,) in sql(f'SELECT DISTINCT antenna_id FROM "{schema}"."{table}" ORDER BY 1'):
            yield Published(product, schema, table, f"antenna_id = {antenna}")
