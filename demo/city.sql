-- Loads the demo city: buildings from the temporary table `surface` (name, material, wkt), antennas from `mast` (the columns of antennas.csv).

-- One row per building: its walls and its roof, each a set of triangles, become one MultiPolygon Z, which QGIS draws too.
INSERT INTO rpm.building (name, geom, wall_material, roof_material)
SELECT name,
	ST_Collect(triangle.geom),
	coalesce(min(material) FILTER (WHERE material NOT IN ('metal', 'wood')), 'concrete'),
	coalesce(min(material) FILTER (WHERE material IN ('metal', 'wood')), 'concrete')
FROM surface, ST_Dump(ST_GeomFromText(replace(wkt, 'TIN Z', 'MULTIPOLYGON Z'), 32632)) AS triangle
WHERE name <> 'ground'
GROUP BY name
ORDER BY name;

INSERT INTO rpm.scene (name, srid, cell_size_m, receiver_height_m, ground_material)
VALUES ('munich', 32632, 5, 1.5, 'concrete');

INSERT INTO rpm.site (name, geom)
SELECT DISTINCT ON (site) site, ST_SetSRID(ST_MakePoint(x, y), 32632)
FROM mast
ORDER BY site;

-- 43 dBm over the 106 resource blocks of a 20 MHz carrier (subcarriers of 15 kHz), half loaded.
INSERT INTO rpm.antenna (antenna_id, site_id, name, geom, height_m, frequency_mhz, bandwidth_mhz, channel, load,
	azimuth_deg, electrical_tilt_deg, carrier_power_dbm, resource_block_count, losses_db, pattern)
SELECT antenna_id, site_id, format('%s, %s°', site, azimuth_deg), ST_SetSRID(ST_MakePoint(x, y), 32632), height_m, 3500, 20, 1, 0.5,
	azimuth_deg, electrical_tilt_deg, 43, 106, 1, 'tr38901'
FROM mast JOIN rpm.site AS s ON s.name = mast.site
ORDER BY antenna_id;

SELECT setval(pg_get_serial_sequence('rpm.antenna', 'antenna_id'), max(antenna_id)) AS last_antenna FROM rpm.antenna \gset

-- What maps show of the buildings: their roofs seen from above, as one outline each.
CREATE TABLE building_outline AS
SELECT building_id, name, ST_ZMax(b.geom) AS height_m, outline::geometry(MultiPolygon, 32632) AS geom
FROM rpm.building AS b, LATERAL (
	SELECT ST_Multi(ST_UnaryUnion(ST_Collect(ST_SnapToGrid(ST_Force2D(face.geom), 0.01)))) AS outline
	FROM ST_Dump(b.geom) AS face
	WHERE ST_Area(face.geom) > 0.01
) AS seen_from_above
WHERE outline IS NOT NULL;
ALTER TABLE building_outline ADD PRIMARY KEY (building_id);
CREATE INDEX ON building_outline USING gist (geom);
COMMENT ON TABLE building_outline IS 'outlines of the buildings; geometry © OpenStreetMap contributors, ODbL 1.0';
ANALYZE building_outline;
