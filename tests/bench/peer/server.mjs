// A login with an API key as a typical Node service does it: fastify, pg,
// jsonwebtoken.  The tables, the hash and the tokens are userkey-server's.
//
//   node server.mjs PORT DATABASE_URL PEPPER_FILE APP
//
// One process for each core: it forks itself.

import cluster from 'node:cluster';
import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import Fastify from 'fastify';
import jwt from 'jsonwebtoken';
import pg from 'pg';

const [, , port, database, pepperFile, app] = process.argv;
const secret = createSecretKey(readFileSync(pepperFile));
const SQL = 'SELECT k.id, k.disabled, u.id AS "user", u.disabled AS off, u.epoch'
    + ' FROM fastify_key k JOIN app_user u ON u.id = k.user_id WHERE k.hash = $1';

function serve() {
    const pool = new pg.Pool({ connectionString: database, max: 8 });
    const server = Fastify({ logger: false });

    server.post(`/api/client/v2.0/app/${app}/auth/providers/api-key/login`, {
        schema: { body: {
            type: 'object', required: ['key'],
            properties: { key: { type: 'string', maxLength: 512 } } } },
    }, async (request, reply) => {
        // Node has no keyed BLAKE2b: an HMAC of the same length stands for
        // it, over a table that was filled with it (see "hash" below).
        const hash = createHmac('sha256', secret).update(request.body.key)
            .digest();
        const { rows } = await pool.query({ name: 'login', text: SQL,
                                            values: [hash] });
        const row = rows[0];
        if (!row || row.disabled || row.off) {
            return reply.code(401).send({ error: 'unauthorized' });
        }
        const claims = { sub: row.user.toString(), epoch: row.epoch,
                         iss: randomBytes(12).toString('hex'),
                         key_id: row.id.toString(), baas_domain_id: app };
        return { access_token: jwt.sign({ ...claims, typ: 'access' }, secret,
                                        { expiresIn: 1800 }),
                 refresh_token: jwt.sign({ ...claims, typ: 'refresh' }, secret,
                                         { expiresIn: 5184000 }),
                 user_id: row.user.toString(), device_id: '0'.repeat(24) };
    });
    server.listen({ port: Number(port), host: '127.0.0.1' });
}

// Before it serves: the keys in the file, under its own hash, in a table of
// its own beside the service's.
async function hash(file) {
    const client = new pg.Client({ connectionString: database });
    const keys = readFileSync(file, 'utf8').trim().split('\n');
    await client.connect();
    await client.query('CREATE TABLE fastify_key AS SELECT hash, id, user_id,'
        + ' disabled FROM api_key');
    await client.query('ALTER TABLE fastify_key ADD PRIMARY KEY (hash)');
    const { rows } = await client.query(
        'SELECT hash FROM fastify_key LIMIT $1', [keys.length]);
    for (let i = 0; i < rows.length; i += 1000) {
        const some = keys.slice(i, i + 1000).map((key) =>
            createHmac('sha256', secret).update(key).digest());
        await client.query(
            'UPDATE fastify_key k SET hash = n.new FROM (SELECT unnest($1::bytea[])'
            + ' AS old, unnest($2::bytea[]) AS new) n WHERE k.hash = n.old',
            [rows.slice(i, i + 1000).map((row) => row.hash), some]);
    }
    await client.end();
}

if (process.argv[6]) {
    await hash(process.argv[6]);
} else if (cluster.isPrimary) {
    for (let i = 0; i < availableParallelism(); i++) {
        cluster.fork();
    }
} else {
    serve();
}
