/*
 * scene_cache.c: the scenes that this session has built.
 *
 * A kept scene serves as long as the fingerprint of its rows (scene_source.h) is the same, so that a change of any session is seen by
 * the next call.  The fingerprint is taken with the caller's rights and snapshot: what a role may not see it does not get.  It is not taken again for the
 * same role where nothing can have changed since (snapshot_mark.h).  The scene
 * used longest ago goes first when rpm_pg.scene_cache is exceeded; one in use by a call stays until that call ends.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "device_settings.h"
#include "progress.h"
#include "rpm_settings.h"
#include "scene_cache.h"
#include "scene_source.h"
#include "snapshot_mark.h"
#include "status_report.h"
#include "worker.h"

/* A flat ground is not laid out further than this beyond a scene: single precision ends, and no radio map needs it. */
#define FARTHEST_REACH_M 100000.0

typedef struct KeptScene
{
	dlist_node	node;			/* in kept_scenes, the one used last first */
	MemoryContext context;		/* holds this struct, names and fingerprint; freeing it frees the engine's memory */
	int32		scene_id;
	char	   *settings,
			   *fingerprint;
	RpmSnapshotMark mark;		/* at which a role found this fingerprint; 0: none */
	Oid			role;
	RpmBox		reached;		/* the flat ground covers it */
	int			pins;			/* calls that use it */
	bool		outdated;		/* freed when the last call has ended */
	size_t		bytes;
	rpm_scene_builder *builder; /* while it is built */
	rpm_scene  *scene;
	rpm_query  *query;
	rpm_device_scene *on_device[RPM_DEVICES_MAX + 1];	/* CUDA devices by number, then the CPU */
	RpmBox		box;
	int			material_count;
	char	  **material_names;
	char	  **material_users;
	MemoryContextCallback release;
} KeptScene;

/* What rpm_scene_on does on the helper thread. */
typedef struct Upload
{
	KeptScene  *kept;
	rpm_device *device;
	size_t		limit_bytes;
	rpm_device_scene *uploaded;
	rpm_status	status;
} Upload;

typedef struct Pin
{
	KeptScene  *kept;
	MemoryContextCallback release;
} Pin;

PG_FUNCTION_INFO_V1(rpm_sql_scene_release);

static dlist_head kept_scenes = DLIST_STATIC_INIT(kept_scenes);
static size_t kept_bytes = 0;

static void refuse_recursion(const RpmSceneRow *row);
static void describe_reading(void *argument);
static RpmScene *kept_or_built(const RpmSceneRow *row, const RpmBox *reach, rpm_control *control);
static KeptScene *find_unchanged(int32 scene_id, const char *settings, RpmSnapshotMark mark);
static KeptScene *find_kept(int32 scene_id, const char *settings, const char *fingerprint);
static void note_mark(KeptScene *kept, const RpmSceneSource *source, RpmSnapshotMark mark);
static bool covers(const RpmBox *outer, const RpmBox *inner);
static RpmBox united(const RpmBox *a, const RpmBox *b);
static KeptScene *build(const RpmSceneSource *source, const char *settings, const char *fingerprint, const RpmBox *reach,
						rpm_control *control);
static void check_reach(const RpmSceneSource *source, const RpmBox *reach);
static void start_builder(KeptScene *kept, const RpmSceneSource *source, const RpmBox *reach, rpm_control *control);
static rpm_device_scene **place_on(KeptScene *kept, const rpm_device *device);
static void upload(Upload *call, rpm_control *control);
static rpm_code upload_scene(void *argument, rpm_control *control, rpm_status *status);
static bool clear_device(const KeptScene *but, const rpm_device *device);
static size_t bytes_on(const rpm_device *device);
static bool is_too_small(const rpm_status *status);
static rpm_code finish_scene(void *argument, rpm_control *control, rpm_status *status);
static void note_box(KeptScene *kept, const RpmSceneRow *row, const RpmBox *reach);
static void copy_names(KeptScene *kept, int count, char **names, char **users);
static void release_engine_memory(void *argument);
static RpmScene *pin(KeptScene *kept, bool built);
static void unpin(void *argument);
static void retire(KeptScene *kept);
static void evict(size_t limit);

RpmScene *
rpm_scene_get(const RpmSceneRow *row, const RpmBox *reach, rpm_control *control)
{
	ErrorContextCallback reading = {error_context_stack, describe_reading, (void *) row};
	RpmScene   *scene;

	refuse_recursion(row);
	error_context_stack = &reading;
	scene = kept_or_built(row, reach, control);
	error_context_stack = reading.previous;
	return scene;
}

/* A relation of a scene may be a view that calls functions; one that needs the scene itself would never end. */
static void
refuse_recursion(const RpmSceneRow *row)
{
	for (ErrorContextCallback *above = error_context_stack; above != NULL; above = above->previous)
		if (above->callback == describe_reading && ((RpmSceneRow *) above->arg)->scene_id == row->scene_id)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_RECURSION),
					 errmsg("scene \"%s\" is needed while its own relations are read", row->name),
					 errhint("One of them is a view that traces this scene: name a table of its result instead.")));
}

static void
describe_reading(void *argument)
{
	errcontext("reading and building scene \"%s\"", ((RpmSceneRow *) argument)->name);
}

static RpmScene *
kept_or_built(const RpmSceneRow *row, const RpmBox *reach, rpm_control *control)
{
	RpmSnapshotMark mark = rpm_snapshot_mark();
	RpmSceneSource *source;
	char	   *settings,
			   *fingerprint = NULL;
	KeptScene  *kept;
	RpmBox		wide;

	rpm_progress_phase(control, RPM_PHASE_READING, 0);
	source = rpm_source_open(row);
	settings = rpm_source_settings(source);
	kept = find_unchanged(row->scene_id, settings, mark);
	if (kept == NULL)
	{
		fingerprint = rpm_source_fingerprint(source);
		kept = find_kept(row->scene_id, settings, fingerprint);
	}
	if (kept != NULL && fingerprint != NULL)
		note_mark(kept, source, mark);
	if (kept != NULL && (reach == NULL || covers(&kept->reached, reach)))
		return pin(kept, false);
	if (reach != NULL)
	{
		check_reach(source, reach);
		wide = kept != NULL ? united(reach, &kept->reached) : *reach;
		reach = &wide;
	}
	if (fingerprint == NULL)
		fingerprint = pstrdup(kept->fingerprint);
	if (kept != NULL)
		retire(kept);
	kept = build(source, settings, fingerprint, reach, control);
	note_mark(kept, source, mark);
	return pin(kept, true);
}

const rpm_scene *
rpm_scene_at(const RpmScene *scene, rpm_material *materials)
{
	rpm_scene  *view = palloc(sizeof(rpm_scene));

	*view = *scene->scene;
	view->materials = materials;
	return view;
}

void
rpm_scene_notice_problems(const RpmScene *scene, const char *name)
{
	size_t		skipped = 0,
				count = scene->scene->problem_count;

	for (size_t i = 0; i < count; i++)
		if (scene->scene->problems[i].action == RPM_PROBLEM_SKIPPED)
			skipped++;
	if (count > 0)
		ereport(NOTICE,
				(errmsg("scene \"%s\": %zu problems in its buildings were repaired, %zu skipped", name, count - skipped, skipped),
				 errhint("SELECT * FROM rpm_scene_problems(%s) names the rows.", quote_literal_cstr(name))));
}

rpm_device_scene *
rpm_scene_on(const RpmScene *scene, rpm_device *device, rpm_control *control, rpm_status *why)
{
	rpm_device_scene **place = place_on(scene->kept, device);
	Upload		call = {.kept = scene->kept, .device = device};

	if (*place != NULL)
		return *place;
	upload(&call, control);
	if (is_too_small(&call.status) && clear_device(scene->kept, device))
		upload(&call, control);
	if (is_too_small(&call.status))
	{
		*why = call.status;
		return NULL;
	}
	rpm_report_status_of(&call.status, "bringing the scene to the device");
	*place = call.uploaded;
	return *place;
}

static rpm_device_scene **
place_on(KeptScene *kept, const rpm_device *device)
{
	return &kept->on_device[rpm_device_kind_of(device) == RPM_DEVICE_CPU ? RPM_DEVICES_MAX : rpm_device_number(device)];
}

static void
upload(Upload *call, rpm_control *control)
{
	size_t		limit = rpm_device_memory_limit_bytes(),
				taken = bytes_on(call->device);

	/* A limit that is used up is not the same as none. */
	call->limit_bytes = limit == 0 ? 0 : limit > taken ? limit - taken : 1;
	rpm_status_clear(&call->status);
	if (rpm_device_kind_of(call->device) == RPM_DEVICE_CPU)
		(void) upload_scene(call, control, NULL);
	else
		rpm_run_engine(upload_scene, call, control, NULL);
}

/* Its failures are judged by rpm_scene_on, all but the cancel. */
static rpm_code
upload_scene(void *argument, rpm_control *control, rpm_status *status)
{
	Upload	   *call = argument;

	(void) rpm_device_upload(call->device, call->kept->scene, call->kept->query, call->limit_bytes, control, &call->uploaded,
							 &call->status);
	if (call->status.code == RPM_CANCELLED)
		*status = call->status;
	return RPM_OK;
}

/* Takes the scenes that no call uses off the device; false when there was none. */
static bool
clear_device(const KeptScene *but, const rpm_device *device)
{
	dlist_iter	iter;
	bool		any = false;

	dlist_foreach(iter, &kept_scenes)
	{
		KeptScene  *kept = dlist_container(KeptScene, node, iter.cur);
		rpm_device_scene **place = place_on(kept, device);

		if (kept == but || kept->pins > 0 || *place == NULL)
			continue;
		rpm_device_scene_free(*place);
		*place = NULL;
		any = true;
	}
	return any;
}

static size_t
bytes_on(const rpm_device *device)
{
	dlist_iter	iter;
	size_t		bytes = 0;

	dlist_foreach(iter, &kept_scenes)
	{
		rpm_device_scene *there = *place_on(dlist_container(KeptScene, node, iter.cur), device);

		bytes += there != NULL ? rpm_device_scene_bytes(there) : 0;
	}
	return bytes;
}

static bool
is_too_small(const rpm_status *status)
{
	return status->code == RPM_LIMIT_EXCEEDED || status->code == RPM_OUT_OF_MEMORY;
}

/* Drops what this session keeps and no call uses; returns the number of scenes. */
Datum
rpm_sql_scene_release(PG_FUNCTION_ARGS)
{
	dlist_mutable_iter iter;
	int32		released = 0;

	dlist_foreach_modify(iter, &kept_scenes)
	{
		retire(dlist_container(KeptScene, node, iter.cur));
		released++;
	}
	PG_RETURN_INT32(released);
}

/* The kept scene of which the caller's role found at this mark that it is the one; NULL where that is not known. */
static KeptScene *
find_unchanged(int32 scene_id, const char *settings, RpmSnapshotMark mark)
{
	dlist_iter	iter;

	dlist_foreach(iter, &kept_scenes)
	{
		KeptScene  *kept = dlist_container(KeptScene, node, iter.cur);

		if (mark != 0 && kept->mark == mark && kept->role == GetUserId() && kept->scene_id == scene_id && strcmp(kept->settings, settings) == 0)
			return kept;
	}
	return NULL;
}

/* The mark counts from before the rows were read, if it still is the mark. */
static void
note_mark(KeptScene *kept, const RpmSceneSource *source, RpmSnapshotMark mark)
{
	kept->mark = mark != 0 && rpm_source_is_marked(source) && rpm_snapshot_mark() == mark ? mark : 0;
	kept->role = GetUserId();
}

/* The kept scene with these settings and this fingerprint; one of the same scene with others is given up. */
static KeptScene *
find_kept(int32 scene_id, const char *settings, const char *fingerprint)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &kept_scenes)
	{
		KeptScene  *kept = dlist_container(KeptScene, node, iter.cur);

		if (kept->scene_id != scene_id)
			continue;
		if (strcmp(kept->settings, settings) == 0 && strcmp(kept->fingerprint, fingerprint) == 0)
			return kept;
		retire(kept);
	}
	return NULL;
}

static bool
covers(const RpmBox *outer, const RpmBox *inner)
{
	return outer->west <= inner->west && outer->south <= inner->south && outer->east >= inner->east && outer->north >= inner->north;
}

static RpmBox
united(const RpmBox *a, const RpmBox *b)
{
	RpmBox		box = {Min(a->west, b->west), Min(a->south, b->south), Max(a->east, b->east), Max(a->north, b->north)};

	return box;
}

/*
 * Reads and builds.  The engine's memory belongs to a context from its first byte: until the scene is complete that context hangs below
 * the caller's, so that an error frees it.
 */
static KeptScene *
build(const RpmSceneSource *source, const char *settings, const char *fingerprint, const RpmBox *reach, rpm_control *control)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "rpm_pg scene", ALLOCSET_SMALL_SIZES);
	KeptScene  *kept = MemoryContextAllocZero(context, sizeof(KeptScene));
	char	  **names,
			  **users;
	int			count;

	kept->context = context;
	kept->scene_id = source->row->scene_id;
	kept->settings = MemoryContextStrdup(context, settings);
	kept->fingerprint = MemoryContextStrdup(context, fingerprint);
	kept->release.func = release_engine_memory;
	kept->release.arg = kept;
	MemoryContextRegisterResetCallback(context, &kept->release);

	count = rpm_source_materials(source, &names, &users);
	copy_names(kept, count, names, users);
	/* Refuses unknown names before the geometry is read. */
	(void) rpm_materials_read(count, names, users);
	start_builder(kept, source, reach, control);
	rpm_source_read(source, kept->builder, count, names, control);
	rpm_progress_phase(control, RPM_PHASE_BUILDING, 0);
	rpm_run_engine(finish_scene, kept, control, psprintf("scene \"%s\"", source->row->name));
	rpm_scene_builder_free(kept->builder);
	kept->builder = NULL;

	note_box(kept, source->row, reach);
	kept->bytes = kept->scene->bytes + rpm_query_bytes(kept->query);
	MemoryContextSetParent(context, TopMemoryContext);
	dlist_push_head(&kept_scenes, &kept->node);
	kept_bytes += kept->bytes;
	return kept;
}

static void
check_reach(const RpmSceneSource *source, const RpmBox *reach)
{
	RpmBox		box;

	if (!rpm_source_box(source, &box))
		return;
	box.west -= FARTHEST_REACH_M;
	box.south -= FARTHEST_REACH_M;
	box.east += FARTHEST_REACH_M;
	box.north += FARTHEST_REACH_M;
	if (!covers(&box, reach))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("(%.7g, %.7g) to (%.7g, %.7g) lies more than %g km outside scene \"%s\"", reach->west, reach->south,
						reach->east, reach->north, FARTHEST_REACH_M / 1000, source->row->name),
				 errhint("Give an extent, template or point near the scene, in its SRID %d.", source->row->srid)));
}

static void
start_builder(KeptScene *kept, const RpmSceneSource *source, const RpmBox *reach, rpm_control *control)
{
	const RpmSceneRow *row = source->row;
	rpm_scene_options options;
	rpm_material *vacuum = palloc0(kept->material_count * sizeof(rpm_material));
	rpm_status	status;

	/* Materials are set at each call (rpm_scene_at); here only their number counts. */
	for (int i = 0; i < kept->material_count; i++)
		vacuum[i].a = 1;
	rpm_scene_options_default(&options);
	options.strict = row->strict;
	options.free_edges = row->free_edges;
	options.ground_elevation_m = row->ground_elevation_m;
	options.party_wall_m = row->party_wall_m;
	options.ground_material = -1;
	for (int i = 0; source->terrain == NULL && i < kept->material_count; i++)
		if (strcmp(kept->material_names[i], row->ground_material) == 0)
			options.ground_material = i;

	rpm_status_clear(&status);
	kept->builder = rpm_scene_builder_create(&options, vacuum, kept->material_count, control, &status);
	rpm_report_status(&status);
	pfree(vacuum);
	if (row->has_extent)
	{
		rpm_scene_builder_reach(kept->builder, row->extent_box.west, row->extent_box.south);
		rpm_scene_builder_reach(kept->builder, row->extent_box.east, row->extent_box.north);
	}
	if (reach != NULL)
	{
		rpm_scene_builder_reach(kept->builder, reach->west, reach->south);
		rpm_scene_builder_reach(kept->builder, reach->east, reach->north);
	}
}

/* On the helper thread: what takes long. */
static rpm_code
finish_scene(void *argument, rpm_control *control, rpm_status *status)
{
	KeptScene  *kept = argument;

	if (rpm_scene_builder_finish(kept->builder, &kept->scene, status) != RPM_OK)
		return status->code;
	return rpm_query_create(kept->scene, RPM_QUERY_BEST, control, &kept->query, status);
}

static void
note_box(KeptScene *kept, const RpmSceneRow *row, const RpmBox *reach)
{
	const rpm_scene *s = kept->scene;
	bool		has_buildings = s->triangle_count > 0 && s->building_count > 0;

	if (has_buildings)
	{
		kept->box.west = s->origin[0] + s->low.x;
		kept->box.south = s->origin[1] + s->low.y;
		kept->box.east = s->origin[0] + s->high.x;
		kept->box.north = s->origin[1] + s->high.y;
	}
	else if (row->has_extent)
		kept->box = row->extent_box;
	else if (reach != NULL)
		kept->box = *reach;
	kept->reached = kept->box;
	if (row->has_extent)
	{
		kept->reached = united(&kept->reached, &row->extent_box);
		kept->box = row->extent_box;
	}
	if (reach != NULL)
		kept->reached = united(&kept->reached, reach);
}

static void
copy_names(KeptScene *kept, int count, char **names, char **users)
{
	kept->material_count = count;
	kept->material_names = MemoryContextAlloc(kept->context, count * sizeof(char *));
	kept->material_users = MemoryContextAlloc(kept->context, count * sizeof(char *));
	for (int i = 0; i < count; i++)
	{
		kept->material_names[i] = MemoryContextStrdup(kept->context, names[i]);
		kept->material_users[i] = MemoryContextStrdup(kept->context, users[i]);
	}
}

static void
release_engine_memory(void *argument)
{
	KeptScene  *kept = argument;

	for (int i = 0; i <= RPM_DEVICES_MAX; i++)
	{
		rpm_device_scene_free(kept->on_device[i]);
		kept->on_device[i] = NULL;
	}
	rpm_query_free(kept->query);
	rpm_scene_free(kept->scene);
	rpm_scene_builder_free(kept->builder);
	kept->query = NULL;
	kept->scene = NULL;
	kept->builder = NULL;
}

/* The caller's handle; its memory context ends the use. */
static RpmScene *
pin(KeptScene *kept, bool built)
{
	RpmScene   *scene = palloc(sizeof(RpmScene));
	Pin		   *use = palloc(sizeof(Pin));

	use->kept = kept;
	use->release.func = unpin;
	use->release.arg = use;
	kept->pins++;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &use->release);
	dlist_move_head(&kept_scenes, &kept->node);

	scene->scene = kept->scene;
	scene->query = kept->query;
	scene->material_count = kept->material_count;
	scene->material_names = kept->material_names;
	scene->material_users = kept->material_users;
	scene->box = kept->box;
	scene->built = built;
	scene->kept = kept;
	return scene;
}

static void
unpin(void *argument)
{
	Pin		   *use = argument;
	KeptScene  *kept = use->kept;

	kept->pins--;
	if (kept->outdated && kept->pins == 0)
		MemoryContextDelete(kept->context);
	evict(rpm_scene_cache_bytes());
}

/* Takes a scene off the list; its memory goes when no call uses it. */
static void
retire(KeptScene *kept)
{
	dlist_delete(&kept->node);
	kept_bytes -= kept->bytes;
	kept->outdated = true;
	if (kept->pins == 0)
		MemoryContextDelete(kept->context);
}

/* Gives up scenes, the one used longest ago first, until the rest fits; those in use stay. */
static void
evict(size_t limit)
{
	dlist_node *node = dlist_is_empty(&kept_scenes) ? NULL : dlist_tail_node(&kept_scenes);

	while (node != NULL && kept_bytes > limit)
	{
		dlist_node *before = dlist_has_prev(&kept_scenes, node) ? dlist_prev_node(&kept_scenes, node) : NULL;
		KeptScene  *kept = dlist_container(KeptScene, node, node);

		if (kept->pins == 0)
			retire(kept);
		node = before;
	}
}
