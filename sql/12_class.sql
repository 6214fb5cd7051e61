/*
 * Classes of levels: for contours, reports and legends.
 */
CREATE TABLE rpm.class (
	scheme text NOT NULL,
	lower_value double precision NOT NULL,
	upper_value double precision NOT NULL,
	label text NOT NULL,
	colour text NOT NULL,
	builtin boolean NOT NULL DEFAULT false,
	CONSTRAINT class_pkey PRIMARY KEY (scheme, lower_value),
	CONSTRAINT class_range CHECK (lower_value < upper_value AND upper_value <= 'Infinity'
		OR rpm.refuse('rpm.class', 'scheme ' || scheme, format('class from %s to %s', lower_value, upper_value),
			'The lower value (included) must be below the upper one (excluded); ''-Infinity'' and ''Infinity'' leave a class open.')),
	CONSTRAINT class_colour CHECK (colour ~ '^#([0-9a-f]{6}|[0-9a-f]{8})$'
		OR rpm.refuse('rpm.class', 'scheme ' || scheme, format('colour is %s', quote_literal(colour)),
			'Write #rrggbb or #rrggbbaa in small hexadecimal digits.'))
);
COMMENT ON TABLE rpm.class IS 'classes of levels, each from lower_value (included) to upper_value (excluded), with the colour of its legend';
COMMENT ON COLUMN rpm.class.scheme IS 'a product (rsrp_dbm, path_gain_db, path_loss_db, sinr_db) or a name of the user''s own';
COMMENT ON COLUMN rpm.class.lower_value IS 'lower limit, included, in the unit of the product; -Infinity: open';
COMMENT ON COLUMN rpm.class.upper_value IS 'upper limit, excluded, in the unit of the product; Infinity: open';
COMMENT ON COLUMN rpm.class.label IS 'text of the legend';
COMMENT ON COLUMN rpm.class.colour IS '#rrggbb or #rrggbbaa';
COMMENT ON COLUMN rpm.class.builtin IS 'true: came with the extension, not dumped';

INSERT INTO rpm.class (scheme, lower_value, upper_value, label, colour, builtin) VALUES
	('rsrp_dbm', -75, 'Infinity', '-75 dBm and above', '#1a7d2e', true),
	('rsrp_dbm', -85, -75, '-85 to -75 dBm', '#6cbf3b', true),
	('rsrp_dbm', -95, -85, '-95 to -85 dBm', '#ffe54a', true),
	('rsrp_dbm', -105, -95, '-105 to -95 dBm', '#f79a2b', true),
	('rsrp_dbm', -115, -105, '-115 to -105 dBm', '#d7301f', true),
	('rsrp_dbm', '-Infinity', -115, 'below -115 dBm', '#a0a0a0', true),
	('sinr_db', 20, 'Infinity', '20 dB and above', '#1a7d2e', true),
	('sinr_db', 13, 20, '13 to 20 dB', '#6cbf3b', true),
	('sinr_db', 5, 13, '5 to 13 dB', '#ffe54a', true),
	('sinr_db', 0, 5, '0 to 5 dB', '#f79a2b', true),
	('sinr_db', -6, 0, '-6 to 0 dB', '#d7301f', true),
	('sinr_db', '-Infinity', -6, 'below -6 dB', '#a0a0a0', true),
	('path_gain_db', -90, 'Infinity', '-90 dB and above', '#1a7d2e', true),
	('path_gain_db', -110, -90, '-110 to -90 dB', '#6cbf3b', true),
	('path_gain_db', -130, -110, '-130 to -110 dB', '#f79a2b', true),
	('path_gain_db', '-Infinity', -130, 'below -130 dB', '#a0a0a0', true),
	('path_loss_db', '-Infinity', 90, 'below 90 dB', '#1a7d2e', true),
	('path_loss_db', 90, 110, '90 to 110 dB', '#6cbf3b', true),
	('path_loss_db', 110, 130, '110 to 130 dB', '#f79a2b', true),
	('path_loss_db', 130, 'Infinity', '130 dB and above', '#a0a0a0', true);

CREATE TRIGGER keep_builtin_rows BEFORE INSERT OR UPDATE OR DELETE ON rpm.class
	FOR EACH ROW EXECUTE FUNCTION rpm.keep_builtin_rows('scheme', 'lower_value');

SELECT pg_catalog.pg_extension_config_dump('rpm.class', 'WHERE NOT builtin');
GRANT SELECT ON rpm.class TO PUBLIC;
