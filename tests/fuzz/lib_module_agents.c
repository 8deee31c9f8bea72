/* Agents that say what a script says, in the place of core/helper. */
#include "tests/fuzz/lib_module_agents.h"

#include <sys/socket.h>
#include <unistd.h>

#include "core/helper.h"
#include "core/keytext.h"

#define AGENTS 48 /* in one script */

static const struct fuzz_script *script;
static size_t come; /* those that were not there too */

/* The agent's end of each conversation. */
static struct {
    int fd;
    unsigned said;
    struct uk_answer first; /* what it said, if that was an answer */
} agents[AGENTS];
static size_t n_agents;

static void
make_answer(const struct fuzz_step *step, struct uk_buf *out)
{
    char *text = fuzz_text(step->bytes, step->len);
    char *blank = strchr(text, ' ');
    struct uk_answer answer = {.code = UK_OK};
    struct uk_err err = UK_ERR_NONE;

    if (blank != NULL)
        *blank = '\0';
    if (strlen(text) < 2)
        goto out;
    answer.verdict = (enum uk_verdict)(text[0] & 15);
    answer.offline = (text[1] & 2) != 0;
    if (!uk_str_copy(answer.person.id, sizeof(answer.person.id), text + 2))
        goto out;
    if (blank != NULL && uk_str_copy(answer.person.email[0],
                                     sizeof(answer.person.email[0]), blank + 1))
        answer.person.n_emails = 1;
    if ((text[1] & 1) != 0 &&
        (uk_secret_set(&answer.tokens.access, "acc\"ess", 7, &err) != UK_OK ||
         uk_secret_set(&answer.tokens.refresh, "re\\fresh", 8, &err) != UK_OK))
        goto out;
    if (uk_answer_pack(&answer, out, &err) != UK_OK)
        uk_buf_clear(out);
out:
    uk_answer_clear(&answer);
    free(text);
}

static void
say(int fd, const struct fuzz_step *step)
{
    struct uk_buf bytes = UK_BUF_UP_TO(1 << 20);
    struct uk_err err = UK_ERR_NONE;

    if (step->what == 'g')
        make_answer(step, &bytes);
    else
        uk_buf_add(&bytes, step->bytes, step->len);
    if (send(fd, uk_buf_peek(&bytes), bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT) >=
            0 &&
        bytes.len > 0 && /* an empty message is the end of all */
        agents[n_agents].said++ == 0 &&
        uk_answer_unpack(bytes.bytes, bytes.len, &agents[n_agents].first,
                         &err) != UK_OK)
        agents[n_agents].first = (struct uk_answer){.code = UK_BAD_ANSWER};
    uk_buf_clear(&bytes);
}

/* The next agent of the script, and all that it will say. */
static enum uk_code
meet(struct uk_helper *helper, struct uk_err *err)
{
    const struct fuzz_step *step;
    size_t n = come++;
    int ends[2];
    bool ours = false;

    if (n_agents == AGENTS)
        return uk_err_set(err, UK_UNREACHABLE, "there are no more");
    FUZZ_MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    agents[n_agents].fd = ends[1];
    agents[n_agents].said = 0;
    agents[n_agents].first = (struct uk_answer){.code = UK_UNREACHABLE};
    for (size_t i = 0; i < script->count; i++) {
        step = &script->step[i];
        if (strchr("agx", step->what) != NULL)
            ours = n-- == 0;
        if (ours && step->what == 'x') {
            close(ends[0]);
            close(ends[1]);
            return uk_err_set(err, UK_UNREACHABLE, "nobody is there");
        }
        if (ours && strchr("abg", step->what) != NULL)
            say(ends[1], step);
    }
    shutdown(ends[1], SHUT_WR);
    n_agents++;
    *helper = (struct uk_helper){.fd = ends[0], .pidfd = -1, .pid = -1};
    return UK_OK;
}

enum uk_code
uk_helper_reach(struct uk_helper *helper, const char *path, struct uk_err *err)
{
    return meet(helper, err);
}

enum uk_code
uk_helper_start(struct uk_helper *helper, const char *program,
                const char *conf_file, struct uk_err *err)
{
    return meet(helper, err);
}

void
uk_helper_stop(struct uk_helper *helper, struct uk_deadline by)
{
    if (helper->fd >= 0)
        close(helper->fd);
    *helper = (struct uk_helper)UK_HELPER_NONE;
}

size_t
agents_asked(size_t first, const char *typed, char user[UK_NAME_MAX + 1])
{
    static char room[UK_MSG_MAX + 1];
    struct uk_request request = {.op = 0};
    struct uk_err err = UK_ERR_NONE;
    size_t login = AGENTS_NONE;
    ssize_t n;

    for (size_t i = first; i < n_agents; i++) {
        while ((n = recv(agents[i].fd, room, sizeof(room), MSG_DONTWAIT)) > 0) {
            FUZZ_MUST(uk_request_unpack(room, (size_t)n, &request, &err) ==
                      UK_OK);
            if (request.op == UK_OP_LOGIN) {
                FUZZ_MUST(login == AGENTS_NONE);
                FUZZ_MUST(uk_keytext_check_any(request.secret.bytes,
                                               request.secret.len));
                FUZZ_MUST(strcmp(request.secret.bytes, typed) == 0);
                memcpy(user, request.user, sizeof(request.user));
                login = i;
            }
            uk_request_clear(&request);
        }
    }
    return login;
}

const struct uk_answer *
agents_answer(size_t n)
{
    return n < n_agents && agents[n].said == 1 ? &agents[n].first : NULL;
}

size_t
agents_count(void)
{
    return n_agents;
}

void
agents_begin(const struct fuzz_script *which)
{
    script = which;
    come = 0;
}

void
agents_end(void)
{
    while (n_agents > 0) {
        uk_answer_clear(&agents[--n_agents].first);
        close(agents[n_agents].fd);
    }
}
