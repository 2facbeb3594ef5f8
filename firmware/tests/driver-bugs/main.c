/**
 * @file main.c
 * Runs the mistake that `check_request` names: "RULE" or "RULE clean"; RULE may be RULE:VARIANT. Without a request it lists what it has.
 *
 *     printf 'reta-trigger-lost' > request
 *     pulpemu run --check=warn --load request@check_request firmware/build/driver-bugs.elf
 */
#include "bugs.h"

#include <stdio.h>
#include <string.h>

/** Written before the start. */
__attribute__((section(".data"))) char check_request[64] = "";

struct reta reta;

static const struct bug *const tables[] = {protocol_bugs, event_bugs, race_bugs, memory_bugs, sleep_bugs};

int main(void)
{
    bool clean = false;
    char *space = strchr(check_request, ' ');
    if (space) {
        *space = '\0';
        clean = true;
    }
    for (unsigned i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        for (const struct bug *bug = tables[i]; bug->rule; bug++) {
            if (check_request[0] == '\0') {
                puts(bug->rule);
            } else if (strcmp(bug->rule, check_request) == 0) {
                if (reta_init(&reta, &reta_poll) != RETA_OK) {
                    return 1;
                }
                bug->run(clean);
                return 0;
            }
        }
    }
    return check_request[0] == '\0' ? 0 : 2;
}
