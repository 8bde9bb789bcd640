/* images.h: the networks of the cases with images, in the small language. peer.py has the same modules, with the same
 * names of parameters. */
#ifndef BENCH_IMAGES_H
#define BENCH_IMAGES_H

#define IMAGE_CASE .loss = "cross_entropy", .in = 784, .images = true, .hwc = true

#define CNN_CASE                                                                                                       \
    .model = "conv2d 32 3 padding=1 | relu | max_pool2d 2 | conv2d 64 3 padding=1 | relu | max_pool2d 2 | flatten | "  \
             "linear 128 | relu | linear 10",                                                                          \
    .optimizer = "sgd lr=0.02 momentum=0.9", IMAGE_CASE

/* L1 on all ReLUs, such that what the next products read, the outputs of the pools and of the last ReLU, has a mean
 * density below 0.1. Rate and lambdas were chosen on held-out training rows. With all of each lambda from the first
 * step on, the units of the last two ReLUs die, so Tacet trains the first weights with lambdas that rise during the
 * first of three epochs. */
#define CNN_L1(WORDS)                                                                                                  \
    {"relu1", "l1 7.5e-5" WORDS}, {"relu2", "l1 3e-4" WORDS}, { "relu3", "l1 9.5e-3" WORDS }
#define CNN_L1_CASE                                                                                                    \
    CNN_CASE, .penalty = {CNN_L1("")}, .before = {CNN_L1(" warmup=938")},                                              \
              .teacher = "sgd lr=0.07 momentum=0.9 schedule=cosine", .alone = 3 * 938,                                 \
              .reads = {"max_pool2d1", "max_pool2d2", "relu3"}

/* ResNet-20 with projections where the size changes (He, Zhang, Ren, Sun: Deep residual learning for image recognition,
 * 2016, section 4.2). FROM and TO are the outputs of blocks. */
#define RESNET_CONV(NAME, UNITS, WORDS) "conv2d " UNITS " " WORDS " bias=false name=" NAME " | "
#define RESNET_NORM(NAME) "batch_norm name=" NAME " | "
#define RESNET_BRANCH(NAME, UNITS, STRIDE)                                                                             \
    RESNET_CONV(NAME ".conv1", UNITS, "3 padding=1 stride=" STRIDE)                                                    \
    RESNET_NORM(NAME ".bn1") "relu | " RESNET_CONV(NAME ".conv2", UNITS, "3 padding=1") RESNET_NORM(NAME ".bn2")
#define RESNET_SAME(NAME, UNITS, FROM, TO) RESNET_BRANCH(NAME, UNITS, "1") "add " FROM " | relu name=" TO " | "
#define RESNET_HALF(NAME, UNITS, FROM, TO)                                                                             \
    RESNET_BRANCH(NAME, UNITS, "2")                                                                                    \
    "from " FROM " | " RESNET_CONV(NAME ".down.0", UNITS, "1 stride=2")                                                \
        RESNET_NORM(NAME ".down.1") "add " NAME ".bn2 | relu name=" TO " | "

#define RESNET20                                                                                                       \
    RESNET_CONV("conv1", "16", "3 padding=1")                                                                          \
    RESNET_NORM("bn1")                                                                                                 \
    "relu name=r0 | " RESNET_SAME("layer1.0", "16", "r0", "r1") RESNET_SAME("layer1.1", "16", "r1", "r2")              \
        RESNET_SAME("layer1.2", "16", "r2", "r3") RESNET_HALF("layer2.0", "32", "r3", "r4")                            \
            RESNET_SAME("layer2.1", "32", "r4", "r5") RESNET_SAME("layer2.2", "32", "r5", "r6")                        \
                RESNET_HALF("layer3.0", "64", "r6", "r7") RESNET_SAME("layer3.1", "64", "r7", "r8")                    \
                    RESNET_SAME("layer3.2", "64", "r8", "r9") "global_avg_pool | flatten | linear 10 name=fc"

#define RESNET20_CASE .model = RESNET20, .optimizer = "sgd lr=0.05 momentum=0.9", IMAGE_CASE

#endif
