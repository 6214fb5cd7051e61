/*
 * feature_cache.c: the features of antennas as a network takes them, kept by the session (feature_cache.h).
 *
 * Kept values serve the role that they were computed for, at the same mark of a snapshot and for an antenna that is the same in everything; the antenna
 * and the scene's row are read at each call.  Marks never come again, so values of another one are given up.
 */
#include "postgres.h"

#include "lib/ilist.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "feature_cache.h"
#include "snapshot_mark.h"

/* Compared byte by byte: filled with zeros first. */
typedef struct Key
{
	RpmSnapshotMark mark;
	Oid			role;
	int32		scene_id;
	RpmMapGrid	grid;
	RpmFeatureChannels channels;
	RpmAntenna	antenna;
} Key;

typedef struct Kept
{
	dlist_node	node;			/* in kept_values, those used last first */
	MemoryContext context;		/* holds this struct and the values */
	Key			key;
	size_t		bytes;
	float	   *values;
	int64		known;
} Kept;

static dlist_head kept_values = DLIST_STATIC_INIT(kept_values);
static size_t kept_bytes = 0;

static void fill_key(Key *key, const RpmSceneRow *row, const RpmAntenna *antenna, const RpmMapGrid *grid, const RpmFeatureChannels *channels);
static Kept *find(const Key *key);
static Kept *make_room(const Key *key, size_t bytes);
static void copy_bands(float *values, const RpmFeatureTile *tile);
static void evict(size_t limit, RpmSnapshotMark mark);
static void drop(Kept *kept);
static size_t kept_limit(void);

RpmFeatureValues
rpm_feature_values(const RpmSceneRow *row, const RpmAntenna *antenna, const RpmMapGrid *grid, const RpmFeatureChannels *channels,
				   rpm_control *control)
{
	size_t		bytes = (size_t) channels->count * grid->columns * grid->rows * sizeof(float);
	Key			key;
	Kept	   *kept;
	RpmFeatureTile *tile;
	float	   *values;

	fill_key(&key, row, antenna, grid, channels);
	evict(kept_limit(), key.mark);
	kept = find(&key);
	if (kept != NULL)
		return (RpmFeatureValues) {kept->values, kept->known};
	tile = rpm_feature_tile_read(row, antenna, grid, channels, NULL, control);
	/* The mark of all that was read: catalogs may have changed meanwhile. */
	kept = tile->marked && key.mark != 0 && rpm_snapshot_mark() == key.mark ? make_room(&key, bytes) : NULL;
	values = kept != NULL ? kept->values : palloc_extended(bytes, MCXT_ALLOC_HUGE);
	copy_bands(values, tile);
	if (kept != NULL)
		kept->known = tile->known;
	rpm_raster_discard(tile->draft);
	return (RpmFeatureValues) {values, tile->known};
}

static void
fill_key(Key *key, const RpmSceneRow *row, const RpmAntenna *antenna, const RpmMapGrid *grid, const RpmFeatureChannels *channels)
{
	memset(key, 0, sizeof(*key));
	key->mark = rpm_snapshot_mark();
	key->role = GetUserId();
	key->scene_id = row->scene_id;
	memcpy(&key->grid, grid, sizeof(*grid));
	memcpy(&key->channels, channels, sizeof(*channels));
	memcpy(&key->antenna, antenna, sizeof(*antenna));
}

static Kept *
find(const Key *key)
{
	dlist_iter	iter;

	dlist_foreach(iter, &kept_values)
	{
		Kept	   *kept = dlist_container(Kept, node, iter.cur);

		if (key->mark != 0 && memcmp(&kept->key, key, sizeof(*key)) == 0)
		{
			dlist_move_head(&kept_values, &kept->node);
			return kept;
		}
	}
	return NULL;
}

/* NULL where there is none for as many bytes. */
static Kept *
make_room(const Key *key, size_t bytes)
{
	MemoryContext context;
	Kept	   *kept;

	if (bytes > kept_limit())
		return NULL;
	evict(kept_limit() - bytes, key->mark);
	context = AllocSetContextCreate(CurrentMemoryContext, "rpm_pg features", ALLOCSET_SMALL_SIZES);
	kept = MemoryContextAllocZero(context, sizeof(Kept));
	kept->context = context;
	kept->key = *key;
	kept->bytes = bytes;
	kept->values = MemoryContextAllocExtended(context, bytes, MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
	if (kept->values == NULL)
	{
		MemoryContextDelete(context);
		return NULL;
	}
	MemoryContextSetParent(context, TopMemoryContext);
	dlist_push_head(&kept_values, &kept->node);
	kept_bytes += bytes;
	return kept;
}

static void
copy_bands(float *values, const RpmFeatureTile *tile)
{
	size_t		cells = (size_t) tile->grid.columns * tile->grid.rows;

	for (int i = 0; i < tile->channels.count; i++)
		memcpy(values + i * cells, tile->draft->bands[i], cells * sizeof(float));
}

/* Gives up values of other marks, and those used longest ago until the rest fits. */
static void
evict(size_t limit, RpmSnapshotMark mark)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &kept_values)
	{
		Kept	   *kept = dlist_container(Kept, node, iter.cur);

		if (mark != 0 && kept->key.mark != mark)
			drop(kept);
	}
	while (kept_bytes > limit)
		drop(dlist_tail_element(Kept, node, &kept_values));
}

static void
drop(Kept *kept)
{
	dlist_delete(&kept->node);
	kept_bytes -= kept->bytes;
	MemoryContextDelete(kept->context);
}

static size_t
kept_limit(void)
{
	return (size_t) rpm_setting_feature_cache_mb * 1024 * 1024;
}
