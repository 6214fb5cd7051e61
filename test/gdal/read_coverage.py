#!/usr/bin/python3
"""GDAL's PostGISRaster driver reads the published coverage: right place, size, nodata and values.

    read_coverage.py DATABASE      (PGHOST, PGPORT and PGUSER name the server)
"""
import os
import subprocess
import sys
import tempfile

from osgeo import gdal, osr

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from coverage_reader import DATABASE, check, published, summary  # noqa: E402


def read(raster):
    name = raster.name
    source = connection(raster)
    dataset = gdal.Open(source)
    check(dataset.GetDriver().ShortName == "PostGISRaster", f"{name}: the driver is PostGISRaster")
    west, _, _, north = raster.extent
    check(dataset.GetGeoTransform() == (west, raster.cell, 0, north, 0, -raster.cell), f"{name}: place", dataset.GetGeoTransform())
    check((dataset.RasterXSize, dataset.RasterYSize) == raster.size, f"{name}: size", f"{dataset.RasterXSize} x {dataset.RasterYSize}")
    code = osr.SpatialReference(wkt=dataset.GetProjection()).GetAuthorityCode(None)
    check(code == str(int(raster.srid)), f"{name}: reference system", code)
    band = dataset.GetRasterBand(1)
    check(band.GetNoDataValue() == raster.nodata, f"{name}: nodata", band.GetNoDataValue())
    compare(raster, band.ReadAsArray())
    warp(raster, source)


def connection(raster):
    clause = f" where='{raster.where}'" if raster.where else ""
    return (f"PG:host={os.environ['PGHOST']} port={os.environ['PGPORT']} user={os.environ['PGUSER']} dbname='{DATABASE}' "
            f"schema='{raster.schema}' table='{raster.table}' column='rast' mode='2'{clause}")


def compare(raster, values):
    raster.compare(lambda column, row: None if values[row, column] == raster.nodata else float(values[row, column]))


def warp(raster, source):
    """The command of the README."""
    with tempfile.TemporaryDirectory() as folder:
        target = os.path.join(folder, "coverage.tif")
        subprocess.run(["gdalwarp", "-q", source, target], check=True)
        compare(raster, gdal.Open(target).ReadAsArray())


if __name__ == "__main__":
    gdal.UseExceptions()
    for one in published():
        read(one)
    sys.exit(summary("gdal"))
