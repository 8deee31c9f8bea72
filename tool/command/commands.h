/* The commands of the tool. */
#ifndef UK_TOOL_COMMAND_COMMANDS_H
#define UK_TOOL_COMMAND_COMMANDS_H

#include "tool/terminal/status.h"
#include "tool/terminal/tool.h"

struct uk_talk;

/* Each says on standard error why it does not return UK_EXIT_DONE. */
enum uk_exit uk_cmd_login(struct uk_tool *tool);
enum uk_exit uk_cmd_logout(struct uk_tool *tool);
enum uk_exit uk_cmd_whoami(struct uk_tool *tool);
enum uk_exit uk_cmd_create(struct uk_tool *tool);
enum uk_exit uk_cmd_list(struct uk_tool *tool);
enum uk_exit uk_cmd_show(struct uk_tool *tool);
enum uk_exit uk_cmd_enable(struct uk_tool *tool);
enum uk_exit uk_cmd_disable(struct uk_tool *tool);
enum uk_exit uk_cmd_expire(struct uk_tool *tool);
enum uk_exit uk_cmd_delete(struct uk_tool *tool);
enum uk_exit uk_cmd_rotate(struct uk_tool *tool);
enum uk_exit uk_cmd_prune(struct uk_tool *tool);
enum uk_exit uk_cmd_askpass(struct uk_tool *tool);
enum uk_exit uk_cmd_check(struct uk_tool *tool);
enum uk_exit uk_cmd_user(struct uk_tool *tool);
enum uk_exit uk_cmd_explain(struct uk_tool *tool);
enum uk_exit uk_cmd_doctor(struct uk_tool *tool);
enum uk_exit uk_cmd_agent(struct uk_tool *tool);
enum uk_exit uk_cmd_enable_login(struct uk_tool *tool);
enum uk_exit uk_cmd_confirm_login(struct uk_tool *tool);
enum uk_exit uk_cmd_disable_login(struct uk_tool *tool);
/* A part of 'user', with the conversation open. */
enum uk_exit uk_cmd_reset_token(struct uk_tool *tool, struct uk_talk *talk);
enum uk_exit uk_cmd_server_key(struct uk_tool *tool);
enum uk_exit uk_cmd_reset_password(struct uk_tool *tool);

#endif
