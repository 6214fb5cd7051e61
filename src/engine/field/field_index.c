/* field_index.c: trees of the antenna's own points, of its site's and of the others' (field_index.h). */
#include <stdlib.h>

#include "field/field_index.h"

static int	pool_of(const rpm_field_data *data, const rpm_field_point *point);

rpm_code
rpm_field_index_open(const rpm_field_data *data, const rpm_field_options *options, rpm_field_index **index, rpm_status *status)
{
	return field_index_build(data, options->site_neighbours > 0, options->other_neighbours > 0, index, status);
}

rpm_code
field_index_build(const rpm_field_data *data, bool site, bool others, rpm_field_index **index, rpm_status *status)
{
	const bool	wanted[POOLS] = {true, site, others};
	rpm_field_index *made = calloc(1, sizeof(rpm_field_index));
	int32_t    *member = malloc((data->count + 1) * sizeof(int32_t));
	bool		built = made != NULL && member != NULL;

	for (int pool = 0; pool < POOLS && built; pool++)
	{
		int32_t		members = 0;

		for (size_t i = 0; i < data->count && wanted[pool]; i++)
			if (pool_of(data, &data->points[i]) == pool)
				member[members++] = (int32_t) i;
		made->tree[pool] = point_tree_build(data->points, member, members, NULL);
		built = made->tree[pool] != NULL;
	}
	free(member);
	*index = made;
	if (built)
		return RPM_OK;
	rpm_field_index_close(made);
	*index = NULL;
	return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu points", data->count);
}

static int
pool_of(const rpm_field_data *data, const rpm_field_point *point)
{
	if (point->antenna == data->antenna)
		return POOL_OWN;
	return point->site == data->site ? POOL_SITE : POOL_OTHERS;
}

void
rpm_field_index_close(rpm_field_index *index)
{
	for (int pool = 0; index != NULL && pool < POOLS; pool++)
		point_tree_free(index->tree[pool]);
	free(index);
}
