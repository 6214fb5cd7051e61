/*
 * panel_body.h: the loops over lanes of panel.c, which includes this file once for every kind of processor: NAME(name) makes the
 * names, a vector has WIDTH numbers.  (A function's vectors are cut to the processor's size before it is inlined anywhere, so one body
 * cannot serve two kinds.)
 */
typedef double VECTOR __attribute__((vector_size(WIDTH * sizeof(double)), may_alias));
typedef uint64_t WHOLE __attribute__((vector_size(WIDTH * sizeof(int64_t))));

/*
 * e^x for x <= 0, in place: 2^n times the series of e^f, |f| <= ln 2 / 2, to the eleventh power: its rest is 0.3466^12 / 12! = 6e-15.
 * What lies below SMALLEST_EXPONENT is taken at it.
 */
static inline __attribute__((always_inline)) void
NAME(exponential)(VECTOR *x)
{
	VECTOR		least = ALL(SMALLEST_EXPONENT),
				bounded = CHOSEN(*x > least, *x, least),
				shifted = bounded * LOG2_E + ROUNDING,
				n = shifted - ROUNDING,
				f = bounded - n * LN_2_HIGH - n * LN_2_LOW,
				f2 = f * f,
				f4 = f2 * f2,
				low = (1 + f) + f2 * (1.0 / 2 + f * (1.0 / 6)),
				middle = (1.0 / 24 + f * (1.0 / 120)) + f2 * (1.0 / 720 + f * (1.0 / 5040)),
				high = (1.0 / 40320 + f * (1.0 / 362880)) + f2 * (1.0 / 3628800 + f * (1.0 / 39916800));
	WHOLE		power = ((WHOLE) shifted + EXPONENT_BIAS) << MANTISSA_BITS;

	*x = (low + f4 * (middle + f4 * high)) * (VECTOR) power;
}

static void
NAME(fill)(field_panel *panel, const field_panel_places *rows, const field_panel_places *points, int columns,
		   const field_kernel *kernel)
{
	for (int c = 0; c < columns; c++)
	{
		const field_panel_places *point = &points[c / PANEL_LANES];
		int			lane = c % PANEL_LANES;

		for (int at = 0; at < PANEL_LANES; at += WIDTH)
		{
			VECTOR		dx = AT(rows->x, at) - point->x.lane[lane],
						dy = AT(rows->y, at) - point->y.lane[lane],
						distance_m = ROOTS(dx * dx + dy * dy),
						sum = ALL(0.0);

			for (int s = 0; s < kernel->structures; s++)
			{
				VECTOR		covariance = distance_m * kernel->minus_per_m[s];

				NAME(exponential)(&covariance);
				covariance *= kernel->sill_db2[s];
				if (!kernel->one_antenna)
					covariance *= CHOSEN(AT(rows->antenna, at) == point->antenna.lane[lane], ALL(1.0),
										 CHOSEN(AT(rows->site, at) == point->site.lane[lane], ALL(kernel->site_share[s]),
												ALL(kernel->other_share[s])));
				sum += covariance;
			}
			AT(panel->column[c], at) = sum;
		}
	}
}

/* Two vectors at a time, even and odd columns summed apart, so that no addition waits for the one before. */
static void
NAME(eliminate)(field_panel *panel, const field_panel *stack, int number, int columns, double *inverse_pivot, double smallest)
{
	int			first = number < 0 ? columns : number * PANEL_LANES;

	for (int c = 0; c < columns; c++)
	{
		const double *row = stack[c / PANEL_LANES].column[0].lane + c % PANEL_LANES;

		for (int at = 0; at < PANEL_LANES; at += 2 * WIDTH)
		{
			VECTOR		left = AT(panel->column[c], at),
						right = AT(panel->column[c], at + WIDTH),
						odd_left = ALL(0.0),
						odd_right = ALL(0.0);
			int			k = 0;

			for (; k + 1 < c; k += 2)
			{
				left -= row[k * PANEL_LANES] * AT(panel->column[k], at);
				right -= row[k * PANEL_LANES] * AT(panel->column[k], at + WIDTH);
				odd_left -= row[(k + 1) * PANEL_LANES] * AT(panel->column[k + 1], at);
				odd_right -= row[(k + 1) * PANEL_LANES] * AT(panel->column[k + 1], at + WIDTH);
			}
			if (k < c)
			{
				left -= row[k * PANEL_LANES] * AT(panel->column[k], at);
				right -= row[k * PANEL_LANES] * AT(panel->column[k], at + WIDTH);
			}
			AT(panel->column[c], at) = left + odd_left;
			AT(panel->column[c], at + WIDTH) = right + odd_right;
		}
		if (c >= first)
		{
			double		pivot = panel->column[c].lane[c - first];

			inverse_pivot[c] = pivot > smallest ? 1 / sqrt(pivot) : 0;
		}
		for (int at = 0; at < PANEL_LANES; at += WIDTH)
			AT(panel->column[c], at) *= inverse_pivot[c];
	}
}

static void
NAME(sums)(const field_panel *panel, int columns, const double *row, field_lanes *sum, field_lanes *squares)
{
	for (int at = 0; at < PANEL_LANES; at += WIDTH)
	{
		VECTOR		products = AT(*sum, at),
					own = squares != NULL ? AT(*squares, at) : ALL(0.0);

		for (int c = 0; c < columns; c++)
		{
			VECTOR		value = AT(panel->column[c], at);

			products += row[c * PANEL_LANES] * value;
			own += value * value;
		}
		AT(*sum, at) = products;
		if (squares != NULL)
			AT(*squares, at) = own;
	}
}
