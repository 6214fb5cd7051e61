-- Sites out: the antennas of the areas named, or of all; a sixth of the sites by rpm_split is held out, of whose antennas some are judged; of the others some learn, all are heard.
-- Table mast is there; table chosen is made. Variables: areas ("2 4"; empty: all), learn, judged (how many of each, drawn by hash).
SET client_min_messages = warning;
CREATE TABLE chosen AS
WITH side AS (
	SELECT antenna_id, x, y, rpm_split('site', site_id, 0, 0) >= 5.0 / 6 AS held_out FROM mast WHERE :'areas' = '' OR area::text = ANY (string_to_array(:'areas', ' '))
)
SELECT *, held_out AND n <= :judged AS judged, NOT held_out AND n <= :learn AS learns
FROM (SELECT *, row_number() OVER (PARTITION BY held_out ORDER BY hashint8extended(antenna_id, 5)) AS n FROM side) AS drawn;
