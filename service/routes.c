/* The table of routes. */
#include "service/handlers.h"
#include "service/route.h"

#define CLIENT    UK_ROUTE_CLIENT
#define ADMINS    UK_ROUTE_ADMIN
#define PROVIDERS "/app/*/auth/providers/"
#define APPS      "/groups/*/apps"
#define USERS     APPS "/*/users"
#define KEYS      USERS "/*/api_keys"

#define ANYBODY UK_ROLE_ANYBODY
#define SESSION UK_ROLE_SESSION
#define OWNER   UK_ROLE_OWNER
#define KEEPER  UK_ROLE_KEEPER
#define ADMIN   UK_ROLE_ADMIN
#define NONE    UK_TOKEN_NONE
#define ACCESS  UK_TOKEN_ACCESS
#define REFRESH UK_TOKEN_REFRESH

/* clang-format off */
static const struct uk_route routes[] = {
    /* method, base, path, who, token, writes, body, event, quiet, handler */
    {"GET", CLIENT, "/app/*/location",
     ANYBODY, NONE, false, false, NULL, true, uk_location},
    {"POST", CLIENT, PROVIDERS "local-userpass/register",
     ANYBODY, NONE, false, true, "register", false, uk_password_register},
    {"POST", CLIENT, PROVIDERS "local-userpass/login",
     ANYBODY, NONE, false, true, "login", false, uk_password_login},
    {"POST", CLIENT, PROVIDERS "api-key/login",
     ANYBODY, NONE, false, true, "login", false, uk_key_login},
    {"POST", CLIENT, PROVIDERS "anon-user/login",
     ANYBODY, NONE, false, true, "login", false, uk_anon_login},
    {"POST", CLIENT, PROVIDERS "*/login",
     ANYBODY, NONE, false, false, "login", false, uk_other_login},
    {"GET", CLIENT, "/auth/profile",
     SESSION, ACCESS, false, false, "profile", true, uk_user_profile},
    {"DELETE", CLIENT, "/auth/delete",
     OWNER, ACCESS, true, false, "user-delete", false, uk_user_delete},
    {"POST", CLIENT, "/auth/session",
     SESSION, REFRESH, false, false, "refresh", false, uk_session_renew},
    {"DELETE", CLIENT, "/auth/session",
     SESSION, REFRESH, true, false, "logout", false, uk_session_end},
    {"GET", CLIENT, "/auth/api_keys",
     KEEPER, REFRESH, false, false, "key-list", true, uk_key_list},
    {"POST", CLIENT, "/auth/api_keys",
     KEEPER, REFRESH, true, true, "key-create", false, uk_key_create},
    {"GET", CLIENT, "/auth/api_keys/*",
     KEEPER, REFRESH, false, false, "key-fetch", true, uk_key_fetch},
    {"DELETE", CLIENT, "/auth/api_keys/*",
     KEEPER, REFRESH, true, false, "key-delete", false, uk_key_delete},
    {"PUT", CLIENT, "/auth/api_keys/*/enable",
     KEEPER, REFRESH, true, false, "key-enable", false, uk_key_enable},
    {"PUT", CLIENT, "/auth/api_keys/*/disable",
     KEEPER, REFRESH, true, false, "key-disable", false, uk_key_disable},

    {"POST", ADMINS, "/auth/providers/mongodb-cloud/login",
     ANYBODY, NONE, false, true, "admin-login", false, uk_admin_login},
    {"GET", ADMINS, "/auth/profile",
     ADMIN, ACCESS, false, false, "admin-profile", true, uk_admin_profile},
    {"POST", ADMINS, "/auth/session",
     ADMIN, REFRESH, false, false, "admin-refresh", false, uk_admin_renew},
    {"DELETE", ADMINS, "/auth/session",
     ADMIN, REFRESH, true, false, "admin-logout", false, uk_session_end},
    {"GET", ADMINS, APPS,
     ADMIN, ACCESS, false, false, "admin-app-list", true, uk_admin_app_list},
    {"POST", ADMINS, APPS,
     ADMIN, ACCESS, true, true, "admin-app-create", false,
     uk_admin_app_create},
    {"GET", ADMINS, APPS "/*",
     ADMIN, ACCESS, false, false, "admin-app-fetch", true, uk_admin_app_fetch},
    {"GET", ADMINS, USERS,
     ADMIN, ACCESS, false, false, "admin-user-list", false, uk_admin_user_list},
    {"POST", ADMINS, USERS,
     ADMIN, ACCESS, false, true, "admin-user-create", false,
     uk_admin_user_create},
    {"POST", ADMINS, USERS "/verify_token",
     ADMIN, ACCESS, false, true, "admin-verify", false, uk_admin_verify},
    {"GET", ADMINS, USERS "/*",
     ADMIN, ACCESS, false, false, "admin-user-fetch", false,
     uk_admin_user_fetch},
    {"DELETE", ADMINS, USERS "/*",
     ADMIN, ACCESS, true, false, "admin-user-delete", false,
     uk_admin_user_delete},
    {"PUT", ADMINS, USERS "/*/enable",
     ADMIN, ACCESS, true, false, "admin-user-enable", false,
     uk_admin_user_enable},
    {"PUT", ADMINS, USERS "/*/disable",
     ADMIN, ACCESS, true, false, "admin-user-disable", false,
     uk_admin_user_disable},
    {"PUT", ADMINS, USERS "/*/logout",
     ADMIN, ACCESS, true, false, "admin-user-logout", false,
     uk_admin_user_logout},
    {"GET", ADMINS, KEYS,
     ADMIN, ACCESS, false, false, "admin-key-list", false, uk_key_list},
    {"POST", ADMINS, KEYS,
     ADMIN, ACCESS, true, true, "admin-key-create", false,
     uk_admin_key_create},
    {"GET", ADMINS, KEYS "/*",
     ADMIN, ACCESS, false, false, "admin-key-fetch", false, uk_key_fetch},
    {"DELETE", ADMINS, KEYS "/*",
     ADMIN, ACCESS, true, false, "admin-key-delete", false, uk_key_delete},
    {"PUT", ADMINS, KEYS "/*/enable",
     ADMIN, ACCESS, true, false, "admin-key-enable", false, uk_key_enable},
    {"PUT", ADMINS, KEYS "/*/disable",
     ADMIN, ACCESS, true, false, "admin-key-disable", false, uk_key_disable},
};
/* clang-format on */

const struct uk_route *
uk_route_table(size_t *count)
{
    *count = UK_COUNT(routes);
    return routes;
}
