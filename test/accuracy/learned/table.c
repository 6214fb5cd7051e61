/* table.c: reads the table and deals its rows (table.h). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "rpm_split.h"
#include "table.h"

#define AREAS 32
#define COARSE_M 160.0
#define MOST_ANTENNAS 8192
#define THINNING_SEED 77

static bool add_traced(const char *path, table *t);
static bool by_sites(table *t);
static bool by_areas(table *t, double guard_m);
static void deal_areas(const table *t, int fold_of[AREAS]);
static bool guard(table *t, int fold, double guard_m);

bool
table_read(const char *path, table *t)
{
	char		name[4200];
	FILE	   *file;
	size_t		width,
				room = 1 << 16;
	float	   *row;

	memset(t, 0, sizeof(*t));
	snprintf(name, sizeof(name), "%s.columns", path);
	file = fopen(name, "r");
	while (file != NULL && t->columns < MOST_NAMES && fscanf(file, "%31s %d", t->name[t->columns], &t->group[t->columns]) == 2)
		t->columns++;
	if (file != NULL)
		fclose(file);
	snprintf(name, sizeof(name), "%s.values", path);
	file = fopen(name, "rb");
	if (file == NULL || t->columns == 0)
	{
		fprintf(stderr, "%s.columns or %s.values cannot be read\n", path, path);
		return false;
	}
	width = (size_t) (FACTS + t->columns);
	row = malloc(width * sizeof(float));
	t->facts = malloc(room * FACTS * sizeof(float));
	t->values = malloc(room * (size_t) t->columns * sizeof(float));
	while (fread(row, sizeof(float), width, file) == width)
	{
		if (t->rows == room)
		{
			room *= 2;
			t->facts = realloc(t->facts, room * FACTS * sizeof(float));
			t->values = realloc(t->values, room * (size_t) t->columns * sizeof(float));
		}
		memcpy(t->facts + t->rows * FACTS, row, FACTS * sizeof(float));
		memcpy(t->values + t->rows * (size_t) t->columns, row + FACTS, (size_t) t->columns * sizeof(float));
		t->rows++;
	}
	free(row);
	fclose(file);
	return t->rows > 0 && add_traced(path, t);
}

/* One more column, where traced.c made it. */
static bool
add_traced(const char *path, table *t)
{
	char		name[4200];
	size_t		columns = (size_t) t->columns;
	float	   *wider,
			   *traced;
	FILE	   *file;
	bool		good;

	snprintf(name, sizeof(name), "%s.traced", path);
	file = fopen(name, "rb");
	if (file == NULL || t->columns == MOST_NAMES)
		return true;
	traced = malloc((t->rows + 1) * sizeof(float));
	good = fread(traced, sizeof(float), t->rows + 1, file) == t->rows;
	fclose(file);
	wider = malloc(t->rows * (columns + 1) * sizeof(float));
	for (size_t i = 0; i < t->rows && good; i++)
	{
		memcpy(wider + i * (columns + 1), t->values + i * columns, columns * sizeof(float));
		wider[i * (columns + 1) + columns] = traced[i];
	}
	free(traced);
	free(t->values);
	t->values = wider;
	strcpy(t->name[t->columns], "traced");
	t->group[t->columns++] = COLUMN_TRACED;
	if (!good)
		fprintf(stderr, "%s is of another table\n", name);
	return good;
}

int
table_column(const table *t, const char *name)
{
	for (int c = 0; c < t->columns; c++)
		if (strcmp(t->name[c], name) == 0)
			return c;
	return -1;
}

bool
table_split(table *t, bool by_area, double guard_m)
{
	t->folds = by_area ? MOST_FOLDS : 1;
	for (int f = 0; f < t->folds; f++)
		t->use[f] = calloc(t->rows + 1, 1);
	return by_area ? by_areas(t, guard_m) : by_sites(t);
}

static bool
by_sites(table *t)
{
	for (size_t i = 0; i < t->rows; i++)
		t->use[0][i] = t->facts[i * FACTS + FACT_LEARNS] > 0 ? USE_LEARNS : USE_JUDGED;
	return true;
}

static bool
by_areas(table *t, double guard_m)
{
	int			fold_of[AREAS];

	deal_areas(t, fold_of);
	for (int f = 0; f < t->folds; f++)
	{
		for (size_t i = 0; i < t->rows; i++)
			t->use[f][i] = fold_of[(int) t->facts[i * FACTS + FACT_AREA] % AREAS] == f ? USE_JUDGED : USE_LEARNS;
		if (!guard(t, f, guard_m))
			return false;
	}
	return true;
}

static void
deal_areas(const table *t, int fold_of[AREAS])
{
	size_t		rows[AREAS] = {0},
				filled[MOST_FOLDS] = {0};

	for (size_t i = 0; i < t->rows; i++)
		rows[(int) t->facts[i * FACTS + FACT_AREA] % AREAS]++;
	for (int n = 0; n < AREAS; n++)
		fold_of[n] = -1;
	for (int n = 0; n < AREAS; n++)
	{
		int			largest = -1,
					fold = 0;

		for (int a = 0; a < AREAS; a++)
			if (fold_of[a] < 0 && (largest < 0 || rows[a] > rows[largest]))
				largest = a;
		for (int f = 1; f < MOST_FOLDS; f++)
			if (filled[f] < filled[fold])
				fold = f;
		fold_of[largest] = fold;
		filled[fold] += rows[largest];
	}
}

/* On squares of 160 m, erring on the side of more guard. */
static bool
guard(table *t, int fold, double guard_m)
{
	double		least[2] = {HUGE_VAL, HUGE_VAL},
				most[2] = {-HUGE_VAL, -HUGE_VAL};
	int			reach = (int) ceil((guard_m + COARSE_M * 1.5) / COARSE_M);
	int64_t		columns,
				rows;
	uint8_t    *near;

	for (size_t i = 0; i < t->rows; i++)
		for (int k = 0; k < 2; k++)
		{
			double		at = t->facts[i * FACTS + FACT_ANTENNA_X + k] + t->facts[i * FACTS + FACT_X + k];

			least[k] = fmin(least[k], at);
			most[k] = fmax(most[k], at);
		}
	columns = (int64_t) ((most[0] - least[0]) / COARSE_M) + 1;
	rows = (int64_t) ((most[1] - least[1]) / COARSE_M) + 1;
	near = calloc((size_t) (2 * columns * rows), 1);
	if (near == NULL)
		return false;
	for (int pass = 0; pass < 2; pass++)
	{
		for (size_t i = 0; i < t->rows; i++)
		{
			const float *f = t->facts + i * FACTS;
			int64_t		cell = (int64_t) ((f[FACT_ANTENNA_X] + f[FACT_X] - least[0]) / COARSE_M) + columns * (int64_t) ((f[FACT_ANTENNA_Y] + f[FACT_Y] - least[1]) / COARSE_M);

			if (pass == 0 && t->use[fold][i] == USE_JUDGED)
				near[cell] = 1;
			if (pass == 1 && t->use[fold][i] == USE_LEARNS && near[columns * rows + cell])
				t->use[fold][i] = USE_NONE;
		}
		for (int64_t cell = 0; cell < columns * rows && pass == 0; cell++)
			for (int r = -reach; r <= reach && near[cell]; r++)
				for (int c = -reach; c <= reach; c++)
				{
					int64_t		column = cell % columns + c,
								row = cell / columns + r;

					if (column >= 0 && column < columns && row >= 0 && row < rows && hypot(c, r) * COARSE_M <= guard_m + 1.5 * COARSE_M)
						near[columns * rows + row * columns + column] = 1;
				}
	}
	free(near);
	return true;
}

void
table_thin(table *t, int antennas)
{
	double		number[MOST_ANTENNAS];
	bool		there[MOST_ANTENNAS] = {false};

	for (size_t i = 0; i < t->rows; i++)
		for (int f = 0; f < t->folds; f++)
			if (t->use[f][i] == USE_LEARNS)
				there[(int) t->facts[i * FACTS + FACT_ANTENNA] % MOST_ANTENNAS] = true;
	for (int a = 0; a < MOST_ANTENNAS; a++)
	{
		int64_t		owner = a;

		number[a] = there[a] ? rpm_split_number(THINNING_SEED, RPM_SPLIT_SITE, &owner, 0, 0) : 2;
	}
	for (size_t i = 0; i < t->rows; i++)
	{
		double		own = number[(int) t->facts[i * FACTS + FACT_ANTENNA] % MOST_ANTENNAS];
		int			before = 0;

		/* Rows of an antenna follow each other. */
		if (i > 0 && t->facts[i * FACTS + FACT_ANTENNA] == t->facts[(i - 1) * FACTS + FACT_ANTENNA])
		{
			for (int f = 0; f < t->folds; f++)
				if (t->use[f][i] == USE_LEARNS && t->use[f][i - 1] == USE_NONE)
					t->use[f][i] = USE_NONE;
			continue;
		}
		for (int a = 0; a < MOST_ANTENNAS; a++)
			before += number[a] < own;
		for (int f = 0; f < t->folds && before >= antennas; f++)
			if (t->use[f][i] == USE_LEARNS)
				t->use[f][i] = USE_NONE;
	}
}

void
table_keep_known(table *t, int column)
{
	for (size_t i = 0; i < t->rows && column >= 0; i++)
		for (int f = 0; f < t->folds && isnan(t->values[i * (size_t) t->columns + column]); f++)
			t->use[f][i] = USE_NONE;
}
