-- Levels indoors by building entry loss: how a scene's maps go into its buildings.

ALTER TABLE rpm.scene
	ADD COLUMN building_entry text NOT NULL DEFAULT 'none',
	ADD COLUMN building_entry_percent double precision NOT NULL DEFAULT 50,
	ADD CONSTRAINT scene_building_entry CHECK (building_entry IN ('none', 'traditional', 'thermally_efficient')
		OR rpm.refuse('rpm.scene', 'name ' || name, 'building_entry is ' || building_entry,
			'Use none (no levels indoors), traditional or thermally_efficient (Recommendation ITU-R P.2109).')),
	ADD CONSTRAINT scene_building_entry_percent CHECK (building_entry_percent BETWEEN 0.0001 AND 99.9999
		OR rpm.refuse('rpm.scene', 'name ' || name, 'building_entry_percent is ' || building_entry_percent,
			'Give the percentage of buildings and places whose loss is not above the one taken, 0.0001 to 99.9999; 50 is the median.'));
COMMENT ON COLUMN rpm.scene.building_entry IS 'cells indoors: none: no data; traditional, thermally_efficient: by the entry loss of Recommendation ITU-R P.2109';
COMMENT ON COLUMN rpm.scene.building_entry_percent IS 'percentage of buildings and places whose entry loss is not above the one taken; 50: the median';
