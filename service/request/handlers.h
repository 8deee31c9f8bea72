/* What the routes lead to.  Each is the first step of a call of its route. */
#ifndef UK_SERVICE_REQUEST_HANDLERS_H
#define UK_SERVICE_REQUEST_HANDLERS_H

#include "service/request/call.h"

/* api/location.c */
uk_step uk_location;

/* api/auth_password.c, api/auth_key.c, api/auth_anon.c */
uk_step uk_password_register;
uk_step uk_password_login;
uk_step uk_key_login;
/* Is there a key of the right form in the body?  Its hash is the call's. */
bool uk_key_foresee(struct uk_call *call);
uk_step uk_anon_login;
uk_step uk_other_login;

/* api/reset.c */
uk_step uk_confirm;
uk_step uk_confirm_send;
uk_step uk_confirm_call;
uk_step uk_reset;
uk_step uk_reset_send;
uk_step uk_reset_call;

/* api/link.c */
uk_step uk_link_password;
uk_step uk_link_anon;
uk_step uk_link_key;

/* session.c */
uk_step uk_session_renew;
uk_step uk_session_end;

/* api/profile.c */
uk_step uk_user_profile;
uk_step uk_user_delete;

/* api/keys.c */
uk_step uk_key_create;
uk_step uk_key_list;
uk_step uk_key_fetch;
uk_step uk_key_enable;
uk_step uk_key_disable;
uk_step uk_key_expiry;
uk_step uk_key_delete;

/* admin_session.c */
uk_step uk_admin_login;
uk_step uk_admin_profile;
uk_step uk_admin_renew;

/* admin/apps.c */
uk_step uk_admin_app_list;
uk_step uk_admin_app_fetch;
uk_step uk_admin_app_create;
uk_step uk_admin_app_delete;

/* admin/servers.c */
uk_step uk_admin_server_list;
uk_step uk_admin_server_create;
uk_step uk_admin_server_fetch;
uk_step uk_admin_server_enable;
uk_step uk_admin_server_disable;
uk_step uk_admin_server_expiry;
uk_step uk_admin_server_delete;

/* admin/providers.c */
uk_step uk_admin_provider_list;
uk_step uk_admin_provider_create;
uk_step uk_admin_provider_fetch;
uk_step uk_admin_provider_change;
uk_step uk_admin_provider_enable;
uk_step uk_admin_provider_disable;

/* admin/security.c */
uk_step uk_admin_lifetime_fetch;
uk_step uk_admin_lifetime_set;
uk_step uk_admin_origins_list;
uk_step uk_admin_origins_set;

/* admin/people.c */
uk_step uk_admin_pending_list;
uk_step uk_admin_pending_delete;
uk_step uk_admin_pending_confirm;
uk_step uk_admin_device_list;
uk_step uk_admin_user_email;
uk_step uk_admin_reset_token;
uk_step uk_admin_confirm_token;

/* admin/verify.c */
uk_step uk_admin_verify;

/* admin/users.c */
uk_step uk_admin_user_list;
uk_step uk_admin_user_create;
uk_step uk_admin_user_fetch;
uk_step uk_admin_user_enable;
uk_step uk_admin_user_disable;
uk_step uk_admin_user_logout;
uk_step uk_admin_user_delete;
uk_step uk_admin_key_create;

#endif
