#!/usr/bin/python3
"""QGIS's own raster provider (postgresraster) reads the published coverage: right place, size, nodata and values.

    read_coverage.py DATABASE      (PGHOST, PGPORT and PGUSER name the server; needs no display)
"""
import math
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from qgis.core import Qgis, QgsApplication, QgsDataSourceUri, QgsPointXY, QgsRasterLayer, QgsRasterRange  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from coverage_reader import DATABASE, check, published, summary  # noqa: E402


def read(raster):
    name = raster.name
    uri = QgsDataSourceUri()
    uri.setConnection(os.environ["PGHOST"], os.environ["PGPORT"], DATABASE, os.environ["PGUSER"], "")
    uri.setDataSource(raster.schema, raster.table, "rast", raster.where, "rid")
    layer = QgsRasterLayer(uri.uri(False), raster.table, "postgresraster")
    # An error that is empty has no summary to ask for (QGIS 3.22 crashes).
    check(layer.isValid(), f"{name}: the layer is valid", "" if layer.error().isEmpty() else layer.error().summary())
    if not layer.isValid():
        return
    extent, provider = layer.extent(), layer.dataProvider()
    place = (extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum())
    check(place == raster.extent, f"{name}: place", place)
    check((layer.width(), layer.height()) == raster.size, f"{name}: size", f"{layer.width()} x {layer.height()}")
    check(layer.crs().authid() == f"EPSG:{int(raster.srid)}", f"{name}: reference system", layer.crs().authid())
    check(provider.sourceNoDataValue(1) == raster.nodata, f"{name}: nodata", provider.sourceNoDataValue(1))
    if Qgis.QGIS_VERSION_INT >= 33400 and raster.nodata < -1e9:
        # Whole numbers without data come out one higher (qgis/QGIS#62286); docs/publishing.md says what to set.
        provider.setUserNoDataValue(1, [QgsRasterRange(raster.nodata + 1, raster.nodata + 1)])
    block = provider.block(1, extent, layer.width(), layer.height())
    raster.compare(lambda column, row: None if block.isNoData(row, column) else block.value(row, column))
    sample(raster, provider)


def sample(raster, provider):
    x, y, value = next(cell for cell in raster.cells() if cell[2] is not None)
    got, good = provider.sample(QgsPointXY(x, y), 1)
    check(good and math.isclose(got, value, rel_tol=1e-6), f"{raster.name}: a sampled point", f"{got}, not {value}")


def main():
    application = QgsApplication([], False)
    application.initQgis()
    for one in published():
        read(one)
    code = summary("qgis")
    application.exitQgis()
    return code


if __name__ == "__main__":
    sys.exit(main())
