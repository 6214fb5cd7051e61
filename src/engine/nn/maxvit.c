/* maxvit.c: declarations of MaxViT encoders (rpm_nn_zoo.h). */
#include <stdio.h>

#include "rpm_nn_zoo.h"

#include "nn/text.h"

#define NAME_SIZE 96

static void write_stem(nn_text *t, const rpm_nn_maxvit *m);
static void write_block(nn_text *t, const char *block, const char *input, int in, int out, int stride, int window, double drop_path,
						char *value);
static void write_mbconv(nn_text *t, const char *block, const char *input, int in, int out, int stride, double drop_path, char *value);
static void write_shortcut(nn_text *t, const char *block, const char *input, int in, int out, int stride, char *value);
static void write_attention(nn_text *t, const char *block, const char *partition, int channels, int window, double drop_path, char *value);
static void write_sum(nn_text *t, const char *name, const char *branch, double drop_path, char *value);

rpm_nn_maxvit
rpm_nn_maxvit_tiny(int size, int inputs)
{
	return (rpm_nn_maxvit) {64, {64, 128, 256, 512}, {2, 2, 5, 2}, size, inputs, 0.2};
}

rpm_code
rpm_nn_maxvit_declaration(const rpm_nn_maxvit *m, char **text, rpm_status *status)
{
	nn_text		t = {0};
	char		value[NAME_SIZE] = "stem.conv2";
	int			in = m->stem,
				blocks = 0,
				block = 0;

	*text = NULL;
	for (int i = 0; i < 4; i++)
	{
		if (m->dims[i] < 32 || m->dims[i] > 4096 || m->dims[i] % 32 != 0 || m->depths[i] < 1 || m->depths[i] > 64)
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Widths are multiples of 32 up to 4096, depths 1 to 64.",
							"there is no MaxViT stage of width %d and depth %d", m->dims[i], m->depths[i]);
		blocks += m->depths[i];
	}
	if (m->stem < 1 || m->stem > 4096 || m->inputs < 1 || m->inputs > 1024 || m->size < 32 || m->size > 4096 || m->size % 32 != 0 ||
		!(m->drop_path >= 0 && m->drop_path < 0.99))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "The size is a multiple of 32 up to 4096, drop path below 0.99.",
						"there is no MaxViT of stem %d, size %d, %d channels in, drop path %g", m->stem, m->size, m->inputs, m->drop_path);
	write_stem(&t, m);
	for (int i = 0; i < 4; i++)
	{
		for (int j = 0; j < m->depths[i]; j++, block++)
		{
			char		name[NAME_SIZE / 2];
			double		drop_path = blocks > 1 ? m->drop_path * block / (blocks - 1) : 0;

			snprintf(name, sizeof(name), "stages.%d.blocks.%d", i, j);
			write_block(&t, name, value, j == 0 ? in : m->dims[i], m->dims[i], j == 0 ? 2 : 1, m->size / 32, drop_path, value);
		}
		nn_write(&t, "skip%d output %s\n", i + 1, value);
		in = m->dims[i];
	}
	if (t.failed)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	*text = t.at;
	return RPM_OK;
}

static void
write_stem(nn_text *t, const rpm_nn_maxvit *m)
{
	nn_write(t, "# MaxViT encoder: %d, %d, %d, %d channels for %d x %d cells\n", m->dims[0], m->dims[1], m->dims[2], m->dims[3], m->size, m->size);
	nn_write(t, "map input channels=%d multiple=%d\n", m->inputs, m->size);
	nn_write(t, "stem.conv1 conv map out=%d kernel=3 stride=2 pad=same\n", m->stem);
	nn_write(t, "stem.norm1 batch_norm stem.conv1 eps=0.001\n");
	nn_write(t, "stem.act1 gelu stem.norm1\n");
	nn_write(t, "stem.conv2 conv stem.act1 out=%d kernel=3 pad=same\n", m->stem);
	nn_write(t, "skip0 output stem.conv2\n");
}

/* MBConv, then attention in blocks and in grids; value receives the name of the last layer. */
static void
write_block(nn_text *t, const char *block, const char *input, int in, int out, int stride, int window, double drop_path, char *value)
{
	write_mbconv(t, block, input, in, out, stride, drop_path, value);
	write_attention(t, block, "block", out, window, drop_path, value);
	write_attention(t, block, "grid", out, window, drop_path, value);
}

static void
write_mbconv(nn_text *t, const char *block, const char *input, int in, int out, int stride, double drop_path, char *value)
{
	char		shortcut[NAME_SIZE],
				branch[NAME_SIZE];
	int			middle = 4 * out;

	nn_write(t, "%s.conv.pre_norm batch_norm %s eps=0.001\n", block, input);
	nn_write(t, "%s.conv.conv1_1x1 conv %s.conv.pre_norm out=%d kernel=1 bias=no\n", block, block, middle);
	nn_write(t, "%s.conv.norm1 batch_norm %s.conv.conv1_1x1 eps=0.001\n", block, block);
	nn_write(t, "%s.conv.act1 gelu %s.conv.norm1\n", block, block);
	nn_write(t, "%s.conv.conv2_kxk conv %s.conv.act1 out=%d kernel=3 stride=%d pad=same groups=%d bias=no\n", block, block, middle, stride,
			 middle);
	nn_write(t, "%s.conv.norm2 batch_norm %s.conv.conv2_kxk eps=0.001\n", block, block);
	nn_write(t, "%s.conv.act2 gelu %s.conv.norm2\n", block, block);
	/* Squeeze and excitation (Hu et al. 2018). */
	nn_write(t, "%s.conv.se.mean mean %s.conv.act2\n", block, block);
	nn_write(t, "%s.conv.se.fc1 conv %s.conv.se.mean out=%d kernel=1\n", block, block, out / 4);
	nn_write(t, "%s.conv.se.act silu %s.conv.se.fc1\n", block, block);
	nn_write(t, "%s.conv.se.fc2 conv %s.conv.se.act out=%d kernel=1\n", block, block, middle);
	nn_write(t, "%s.conv.se.gate sigmoid %s.conv.se.fc2\n", block, block);
	nn_write(t, "%s.conv.se.scale mul %s.conv.act2 %s.conv.se.gate\n", block, block, block);
	nn_write(t, "%s.conv.conv3_1x1 conv %s.conv.se.scale out=%d kernel=1\n", block, block, out);
	write_shortcut(t, block, input, in, out, stride, shortcut);
	snprintf(branch, sizeof(branch), "%s.conv.conv3_1x1", block);
	snprintf(value, NAME_SIZE, "%s", shortcut);
	snprintf(shortcut, sizeof(shortcut), "%s.conv.sum", block);
	write_sum(t, shortcut, branch, drop_path, value);
}

static void
write_shortcut(nn_text *t, const char *block, const char *input, int in, int out, int stride, char *value)
{
	snprintf(value, NAME_SIZE, "%s", input);
	if (stride > 1)
	{
		nn_write(t, "%s.conv.shortcut.pool avg_pool %s kernel=2 stride=2 pad=same\n", block, input);
		snprintf(value, NAME_SIZE, "%s.conv.shortcut.pool", block);
	}
	if (in != out)
	{
		nn_write(t, "%s.conv.shortcut.expand conv %s out=%d kernel=1\n", block, value, out);
		snprintf(value, NAME_SIZE, "%s.conv.shortcut.expand", block);
	}
}

/* x + proj(attention(norm(x))), then x + mlp(norm(x)). */
static void
write_attention(nn_text *t, const char *block, const char *partition, int channels, int window, double drop_path, char *value)
{
	char		name[NAME_SIZE / 2 + 16],
				branch[NAME_SIZE],
				sum[NAME_SIZE];

	snprintf(name, sizeof(name), "%s.attn_%s", block, partition);
	nn_write(t, "%s.norm1 layer_norm %s\n", name, value);
	nn_write(t, "%s.attn.qkv linear %s.norm1 out=%d\n", name, name, 3 * channels);
	nn_write(t, "%s.attn.rel_pos attention %s.attn.qkv window=%d heads=%d partition=%s\n", name, name, window, channels / 32, partition);
	nn_write(t, "%s.attn.proj linear %s.attn.rel_pos out=%d\n", name, name, channels);
	snprintf(branch, sizeof(branch), "%s.attn.proj", name);
	snprintf(sum, sizeof(sum), "%s.sum1", name);
	write_sum(t, sum, branch, drop_path, value);
	nn_write(t, "%s.norm2 layer_norm %s\n", name, value);
	nn_write(t, "%s.mlp.fc1 linear %s.norm2 out=%d\n", name, name, 4 * channels);
	nn_write(t, "%s.mlp.act gelu %s.mlp.fc1\n", name, name);
	nn_write(t, "%s.mlp.fc2 linear %s.mlp.act out=%d\n", name, name, channels);
	snprintf(branch, sizeof(branch), "%s.mlp.fc2", name);
	snprintf(sum, sizeof(sum), "%s.sum2", name);
	write_sum(t, sum, branch, drop_path, value);
}

/* name = value + branch, where the branch may be dropped in training; value becomes name. */
static void
write_sum(nn_text *t, const char *name, const char *branch, double drop_path, char *value)
{
	if (drop_path > 0)
		nn_write(t, "%s.drop drop_path %s rate=%g\n", branch, branch, drop_path);
	nn_write(t, "%s add %s %s%s\n", name, value, branch, drop_path > 0 ? ".drop" : "");
	snprintf(value, NAME_SIZE, "%s", name);
}
