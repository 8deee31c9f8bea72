/* One question to the agent, by whatever way there is to one. */
#include "core/agent.h"

#include "core/chan.h"
#include "core/helper.h"

/* The agent has a tenth less time than we, but no more than this less: so it
 * is the agent that says in which stage the time went. */
#define MOST_MARGIN_MS 250

/* One way to an agent, and the request on it.  *gone: nobody was there to take
 * it, so that another way may be tried. */
static enum uk_code
hand_over(struct uk_helper *agent, const struct uk_request *request,
          struct uk_deadline by, bool *gone, struct uk_err *err)
{
    enum uk_code code = uk_chan_send(agent->fd, request, by, err);

    *gone = code == UK_UNREACHABLE;
    if (code != UK_OK)
        uk_helper_stop(agent, (struct uk_deadline){0});
    return code;
}

/* The agent that has got ready; the one that listens, if one does; else one for
 * this request alone. */
static enum uk_code
send_request(struct uk_helper *agent, const struct uk_agent_way *way,
             const struct uk_request *request, struct uk_deadline by,
             struct uk_err *err)
{
    const struct uk_settings *settings = way->settings;
    enum uk_code code = UK_UNREACHABLE;
    bool gone = true;

    if (way->early != NULL && way->early->agent.fd >= 0) {
        *agent = uk_early_take(way->early);
        code = hand_over(agent, request, by, &gone, err);
    }
    if (code != UK_UNREACHABLE || !gone)
        return code;
    if (settings->agent_socket[0] != '\0')
        code = uk_helper_reach(agent, settings->agent_socket, err);
    if (code == UK_OK)
        code = hand_over(agent, request, by, &gone, err);
    if (code != UK_UNREACHABLE || !gone)
        return code;
    code = uk_helper_start(agent, settings->agent_program, way->conf_file, err);
    return code == UK_OK ? hand_over(agent, request, by, &gone, err) : code;
}

/* One request to an agent, and its answer. */
enum uk_code
uk_agent_ask(const struct uk_agent_way *way, struct uk_request *request,
             struct uk_deadline by, struct uk_answer *out, struct uk_err *err)
{
    struct uk_helper agent = UK_HELPER_NONE;
    unsigned left = (unsigned)uk_deadline_left_ms(by);
    enum uk_code code;

    request->budget_ms =
        left - (left / 10 < MOST_MARGIN_MS ? left / 10 : MOST_MARGIN_MS);
    if (request->budget_ms == 0)
        return uk_err_late(
            err, UK_STAGE_AGENT,
            "no time left for the agent; is 'timeout' too short?");
    code = send_request(&agent, way, request, by, err);
    if (code == UK_OK)
        code = uk_chan_hear(agent.fd, request, by, out, err);
    if (code != UK_OK)
        uk_err_in(err, "asking the agent");
    /* One that gave no good answer is not waited for. */
    uk_helper_stop(&agent, code == UK_OK ? by : (struct uk_deadline){0});
    return code;
}
