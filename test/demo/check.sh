#!/usr/bin/env bash
# Runs the demo from this copy of the source and looks at what it leaves: picture, GeoTIFF, report, server, and that it goes away again.
. test/lib/check.sh

began=$SECONDS
bash demo/run >demo.log 2>&1
code=$?
tail -n 70 demo.log
ok $code "the demo runs" "$(tail -n 3 demo.log)"
echo "measured the demo took $(( SECONDS - began )) s"

/usr/bin/python3 - <<'PYTHON'
import sys
from PIL import Image
from osgeo import gdal

gdal.UseExceptions()
picture = Image.open("demo/output/coverage.png")
raster = gdal.Open("demo/output/coverage.tif")
low, high = raster.GetRasterBand(1).ComputeRasterMinMax(False)
colours = len(set(picture.convert("RGB").resize((200, 150)).getdata()))
print("picture", picture.size, colours, "colours; raster", raster.RasterXSize, raster.RasterYSize, low, high)
good = picture.size[0] > 1000 and colours > 500 and raster.RasterXSize > 200 and -250 < low < -90 and -75 < high < 0
sys.exit(0 if good else 1)
PYTHON
ok $? "the picture and the GeoTIFF hold a map"

/usr/bin/python3 - <<'PYTHON'
import sys
from PIL import Image
from osgeo import gdal

gdal.UseExceptions()
good = True
for name, least, most in (("prediction", -300, -20), ("prediction_deviation", 0.5, 30), ("prediction_error", -60, 60), ("calibration_before", -90, 90),
                          ("calibration_after", -90, 90)):
    picture = Image.open(f"demo/output/{name}.png")
    raster = gdal.Open(f"demo/output/{name}.tif")
    low, high = raster.GetRasterBand(1).ComputeRasterMinMax(False)
    print(name, picture.size, low, high)
    good = good and picture.size[0] > 800 and least < low < high < most
sys.exit(0 if good else 1)
PYTHON
ok $? "the predicted level, its deviation and its error are maps, too, and the calibration's"
grep -q "simulated drive test of antenna 4" demo/output/report.txt
ok $? "the report tells of the simulated drive test"
awk -F'|' '/^ *before +\|/ { before = $2 } /^ *after +\|/ { after = $2 } END { exit !(after + 0 > 0 && after < 0.9 * before) }' demo/output/report.txt
ok $? "the calibrated map is nearer to the truth than the records' by a tenth"

antennas=$(grep -cE '^ *[0-9]+ +.*°' demo/output/report.txt)
[ "$antennas" -ge 12 ]
ok $? "the report has a line for every antenna" "$antennas lines"

folder=$(sed -n 1p demo/output/server 2>/dev/null)
[ -n "$folder" ] && [ -f "$folder/server/data/postmaster.pid" ]
ok $? "the server is up after the demo"
bash demo/run stop
[ -n "$folder" ] && [ ! -e "$folder" ] && [ ! -e demo/output/server ]
ok $? "stop removes the server and its folder"

check_summary demo
