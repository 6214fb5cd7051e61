/* unet.c: declarations of U-Nets (rpm_nn_zoo.h). */
#include <stdio.h>

#include "rpm_nn_zoo.h"

#include "nn/text.h"

static void write_double_conv(nn_text *text, const char *stage, const char *input, int width, int kernel);
static int	width_at(const rpm_nn_unet *unet, int stage);

rpm_code
rpm_nn_unet_declaration(const rpm_nn_unet *unet, char **text, rpm_status *status)
{
	nn_text		t = {0};
	char		name[64],
				input[64];

	*text = NULL;
	if (unet->base < 1 || unet->base > 256 || unet->stages < 1 || unet->stages > 8 || unet->inputs < 1 || unet->inputs > 1024 ||
		unet->outputs < 1 || unet->outputs > 1024 || unet->kernel < 1 || unet->kernel > 15 || unet->kernel % 2 == 0)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Base 1 to 256, 1 to 8 stages, 1 to 1024 channels, an odd kernel up to 15.",
						"there is no U-Net of base %d, %d stages, %d channels in, %d out, kernel %d", unet->base, unet->stages, unet->inputs,
						unet->outputs, unet->kernel);
	nn_write(&t, "# U-Net: base %d, %d stages, kernel %d\n", unet->base, unet->stages, unet->kernel);
	nn_write(&t, "map input channels=%d multiple=%d\n", unet->inputs, 1 << unet->stages);
	write_double_conv(&t, "down0", "map", unet->base, unet->kernel);
	for (int i = 1; i <= unet->stages; i++)
	{
		nn_write(&t, "down%d.pool max_pool down%d.act2\n", i, i - 1);
		snprintf(name, sizeof(name), "down%d", i);
		snprintf(input, sizeof(input), "down%d.pool", i);
		write_double_conv(&t, name, input, width_at(unet, i), unet->kernel);
	}
	for (int i = unet->stages - 1; i >= 0; i--)
	{
		nn_write(&t, "up%d.enlarge upsample %s%d.act2 scale=2 align_corners=no\n", i, i == unet->stages - 1 ? "down" : "up", i + 1);
		nn_write(&t, "up%d.conv conv up%d.enlarge out=%d kernel=2 pad=same bias=no\n", i, i, width_at(unet, i));
		nn_write(&t, "up%d.join concat down%d.act2 up%d.conv\n", i, i, i);
		snprintf(name, sizeof(name), "up%d", i);
		snprintf(input, sizeof(input), "up%d.join", i);
		write_double_conv(&t, name, input, width_at(unet, i), unet->kernel);
	}
	nn_write(&t, "head conv up0.act2 out=%d kernel=1\nprediction output head\n", unet->outputs);
	if (t.failed)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	*text = t.at;
	return RPM_OK;
}

/* Widths double up to 16 times the base, as the paper's up to 1024. */
static int
width_at(const rpm_nn_unet *unet, int stage)
{
	return unet->base << (stage < 4 ? stage : 4);
}

static void
write_double_conv(nn_text *text, const char *stage, const char *input, int width, int kernel)
{
	for (int i = 1; i <= 2; i++)
	{
		nn_write(text, "%s.conv%d conv %s%s out=%d kernel=%d pad=%d bias=no\n", stage, i, i == 1 ? input : stage, i == 1 ? "" : ".act1",
				 width, kernel, kernel / 2);
		nn_write(text, "%s.norm%d batch_norm %s.conv%d\n", stage, i, stage, i);
		nn_write(text, "%s.act%d leaky_relu %s.norm%d slope=0.01\n", stage, i, stage, i);
	}
}
