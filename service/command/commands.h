/*
 * The commands of userkey-server.  Each prints its result on standard output,
 * which its caller flushes, and returns a code with the sentence for standard
 * error.
 */
#ifndef UK_SERVICE_COMMAND_COMMANDS_H
#define UK_SERVICE_COMMAND_COMMANDS_H

#include "core/attr.h"
#include "core/err.h"
#include "service/command/args.h"

typedef enum uk_code uk_command(const struct uk_args *args, struct uk_err *err);

uk_command uk_command_init;
uk_command uk_command_serve;
uk_command uk_command_backup;
uk_command uk_command_restore;
uk_command uk_command_move;
uk_command uk_command_app_add;
uk_command uk_command_app_list;
uk_command uk_command_admin_key_create;
uk_command uk_command_admin_key_list;
uk_command uk_command_admin_key_delete;
uk_command uk_command_provider_list;
uk_command uk_command_provider_enable;
uk_command uk_command_provider_disable;
uk_command uk_command_user_add;
uk_command uk_command_user_list;
uk_command uk_command_user_password;
uk_command uk_command_user_reset_token;
uk_command uk_command_user_confirm;
uk_command uk_command_user_disable;
uk_command uk_command_user_enable;
uk_command uk_command_user_logout;
uk_command uk_command_user_delete;

#endif
