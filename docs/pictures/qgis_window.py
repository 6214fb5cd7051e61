"""Run inside QGIS (--code): opens the demo's layers, waits until they are drawn, saves a picture of the window and quits.

The server is named by PGHOST, PGPORT, PGUSER and PGDATABASE, the picture by RPM_PICTURE.
"""
import os

from qgis.core import (QgsColorRampShader, QgsDataSourceUri, QgsFillSymbol, QgsProject, QgsRasterLayer, QgsRasterShader,
                       QgsSingleBandPseudoColorRenderer, QgsSingleSymbolRenderer, QgsVectorLayer)
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QDockWidget
from qgis.utils import iface

LEVELS = [(-130, "#440154"), (-120, "#472c7a"), (-110, "#3b518b"), (-100, "#2c718e"), (-90, "#21908d"), (-80, "#5cc863"), (-70, "#aadc32"),
          (-60, "#fde725")]


def source(schema, table, column, key, where=""):
    uri = QgsDataSourceUri()
    uri.setConnection(os.environ["PGHOST"], os.environ["PGPORT"], os.environ["PGDATABASE"], os.environ["PGUSER"], "")
    uri.setDataSource(schema, table, column, where, key)
    return uri.uri(False)


def coverage_layer():
    layer = QgsRasterLayer(source("public", "munich_strongest", "rast", "rid"), "strongest RSRP, dBm", "postgresraster")
    ramp = QgsColorRampShader(LEVELS[0][0], LEVELS[-1][0])
    ramp.setColorRampType(QgsColorRampShader.Interpolated)
    ramp.setColorRampItemList([QgsColorRampShader.ColorRampItem(level, QColor(colour), str(level)) for level, colour in LEVELS])
    shader = QgsRasterShader()
    shader.setRasterShaderFunction(ramp)
    renderer = QgsSingleBandPseudoColorRenderer(layer.dataProvider(), 1, shader)
    renderer.setClassificationMin(LEVELS[0][0])
    renderer.setClassificationMax(LEVELS[-1][0])
    layer.setRenderer(renderer)
    return layer


def polygon_layer(schema, table, key, name, fill, line):
    layer = QgsVectorLayer(source(schema, table, "geom", key), name, "postgres")
    symbol = QgsFillSymbol.createSimple({"color": fill, "outline_color": line, "outline_width": "0.15"})
    layer.setRenderer(QgsSingleSymbolRenderer(symbol))
    return layer


def show():
    for dock in iface.mainWindow().findChildren(QDockWidget):
        dock.setVisible(dock.objectName() == "Layers")
    layers = [coverage_layer(), polygon_layer("public", "building_outline", "building_id", "building_outline", "#e8e7e4", "#807e7a"),
              polygon_layer("rpm", "antenna_sector", "antenna_id", "antenna sectors", "206,48,60,120", "#ce303c")]
    for layer in layers:
        if not layer.isValid():
            print("not valid:", layer.name(), layer.source())
        QgsProject.instance().addMapLayer(layer)
    iface.mainWindow().resize(1380, 880)
    # QGIS takes the reference system of one of the layers first, once it is back in its loop.
    QTimer.singleShot(1500, lambda: frame(layers[0]))


def frame(layer):
    QgsProject.instance().setCrs(layer.crs())
    iface.mapCanvas().setExtent(layer.extent())
    iface.mapCanvas().refresh()
    QTimer.singleShot(8000, save)


def save():
    iface.mainWindow().grab().save(os.environ["RPM_PICTURE"])
    QgsProject.instance().setDirty(False)
    # At once: closing the window in the middle of a script makes QGIS 3.22 write a crash report.
    os._exit(0)


QTimer.singleShot(2500, show)
