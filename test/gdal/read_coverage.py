#!/usr/bin/python3
"""GDAL's PostGISRaster driver reads the published coverage: right place, size, nodata and values.

    read_coverage.py DATABASE      (PGHOST, PGPORT and PGUSER name the server)
"""
import os
import sys

from osgeo import gdal, osr

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from coverage_reader import DATABASE, check, published, summary  # noqa: E402


def read(raster):
    name = raster.name
    clause = f" where='{raster.where}'" if raster.where else ""
    dataset = gdal.Open(f"PG:host={os.environ['PGHOST']} port={os.environ['PGPORT']} user={os.environ['PGUSER']} dbname='{DATABASE}' "
                        f"schema='{raster.schema}' table='{raster.table}' column='rast' mode='2'{clause}")
    check(dataset.GetDriver().ShortName == "PostGISRaster", f"{name}: the driver is PostGISRaster")
    west, _, _, north = raster.extent
    check(dataset.GetGeoTransform() == (west, raster.cell, 0, north, 0, -raster.cell), f"{name}: place", dataset.GetGeoTransform())
    check((dataset.RasterXSize, dataset.RasterYSize) == raster.size, f"{name}: size", f"{dataset.RasterXSize} x {dataset.RasterYSize}")
    code = osr.SpatialReference(wkt=dataset.GetProjection()).GetAuthorityCode(None)
    check(code == str(int(raster.srid)), f"{name}: reference system", code)
    band = dataset.GetRasterBand(1)
    check(band.GetNoDataValue() == raster.nodata, f"{name}: nodata", band.GetNoDataValue())
    values = band.ReadAsArray()
    raster.compare(lambda column, row: None if values[row, column] == raster.nodata else float(values[row, column]))


if __name__ == "__main__":
    gdal.UseExceptions()
    for one in published():
        read(one)
    sys.exit(summary("gdal"))
