/* An identity in JSON. */
#include "service/api/identity.h"

void
uk_identity_put(struct uk_json_out *out, const char *app_id,
                const struct uk_store_identity *identity)
{
    char provider_id[UK_ID_SIZE];

    uk_provider_id(app_id, identity->provider, provider_id);
    uk_json_begin(out, NULL, '{');
    uk_json_put_text(out, "id", identity->id);
    uk_json_put_text(out, "provider_type",
                     uk_provider_word(identity->provider));
    uk_json_put_text(out, "provider_id", provider_id);
    if (identity->provider == UK_PROVIDER_PASSWORD) {
        uk_json_begin(out, "provider_data", '{');
        uk_json_put_text(out, "email", identity->email);
        uk_json_put_bool(out, "confirmed", identity->confirmed);
        uk_json_end(out, '}');
    }
    uk_json_end(out, '}');
}
