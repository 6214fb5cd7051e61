/*
 * The model that comes with the extension (docs/model-card.md): the row `default` of rpm.model, which anybody may use.
 */
CREATE FUNCTION rpm.default_model_file() RETURNS bytea
	AS 'MODULE_PATHNAME', 'rpm_sql_default_model_file' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.default_model_file() IS 'the file of the default model as installed beside the extension''s scripts';

INSERT INTO rpm.model (model_id, name, version, current, builtin, declaration, parameters, weights, channels, channel_shift, channel_scale, target_shift_dbm,
	target_scale_db, deviation_factor, cell_size_m, size_cells, training, metrics, data_fingerprint, software_version, created_by, created_at)
SELECT 0, 'default', 1, true, true, notes.declaration, packed.parameters, packed.packed, said.channels, said.channel_shift, said.channel_scale, said.target_shift_dbm,
	said.target_scale_db, said.deviation_factor, said.cell_size_m, said.size_cells, said.training, said.metrics, said.data_fingerprint, said.software_version, 'rpm_pg', '2026-11-21 00:00+00'
FROM rpm.default_model_file() AS file, LATERAL rpm.model_file_notes(file) AS notes, LATERAL rpm.model_file_pack(notes.declaration, file, NULL) AS packed,
	LATERAL jsonb_populate_record(NULL::rpm.model, notes.description::jsonb) AS said;

CREATE VIEW rpm.default_model AS
	SELECT m.model_id, format('%s %s %s', m.model_id, m.xmin, m.ctid) AS row_state, m.declaration, m.parameters, m.weights, m.channels, m.channel_shift, m.channel_scale,
		m.target_shift_dbm, m.target_scale_db, m.deviation_factor, m.cell_size_m, m.size_cells, m.training, m.metrics
	FROM rpm.model AS m WHERE m.builtin AND m.current;
COMMENT ON VIEW rpm.default_model IS 'the model that comes with the extension, which rpm_predict takes where none is named; for everybody, unlike rpm.model';
COMMENT ON COLUMN rpm.default_model.model_id IS 'row of rpm.model';
COMMENT ON COLUMN rpm.default_model.row_state IS 'changes with every change of the row';
COMMENT ON COLUMN rpm.default_model.declaration IS 'the layers, one a line (docs/networks.md)';
COMMENT ON COLUMN rpm.default_model.parameters IS 'trained weights';
COMMENT ON COLUMN rpm.default_model.weights IS 'safetensors';
COMMENT ON COLUMN rpm.default_model.channels IS 'what the input holds, band by band';
COMMENT ON COLUMN rpm.default_model.channel_shift IS 'input = (value - shift) / scale, channel by channel';
COMMENT ON COLUMN rpm.default_model.channel_scale IS 'input = (value - shift) / scale, channel by channel';
COMMENT ON COLUMN rpm.default_model.target_shift_dbm IS 'level = shift + scale x first output, dBm';
COMMENT ON COLUMN rpm.default_model.target_scale_db IS 'level = shift + scale x first output, dB';
COMMENT ON COLUMN rpm.default_model.deviation_factor IS 'on the network''s standard deviations';
COMMENT ON COLUMN rpm.default_model.cell_size_m IS 'side of a cell that it was trained on, metres';
COMMENT ON COLUMN rpm.default_model.size_cells IS 'side of the tiles that it was trained on, cells';
COMMENT ON COLUMN rpm.default_model.training IS 'settings of the training';
COMMENT ON COLUMN rpm.default_model.metrics IS 'figures of what was held out';
GRANT SELECT ON rpm.default_model TO PUBLIC;
