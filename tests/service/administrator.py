"""An administrator of a world: a pair of keys, and calls of the Admin API."""

import re

from wire import Client, must

ADMIN = '/api/admin/v3.0'


def new_pair(world, name):
    out = world.command('admin-key', 'create', name, *world.where()).stdout
    found = re.fullmatch(
        r'public_key = ([0-9a-f]{24})\nprivate_key = (\S+)\n', out)
    return found.groups()


class Administrator:
    """Calls of one administrator."""

    def __init__(self, pair, world):
        self.http = Client(world)
        self.pair = pair
        self.answer = must(self.login(*pair), 200)
        self.access = self.answer.get('access_token')
        self.refresh = self.answer.get('refresh_token')
        profile = must(self.call('GET', '/auth/profile'), 200)
        self.group = profile.json['roles'][0]['group_id']
        apps = must(self.call('GET', '/groups/%s/apps' % self.group), 200)
        self.app = [a['_id'] for a in apps.json
                    if a['client_app_id'] == world.app][0]

    def raw(self, method, path, body=None, token=None, **more):
        return self.http.call(method, path, body, token, base=ADMIN, **more)

    def login(self, public, private):
        return self.raw('POST', '/auth/providers/mongodb-cloud/login',
                        {'username': public, 'apiKey': private})

    def call(self, method, path, body=None, **more):
        return self.raw(method, path, body, self.access, **more)

    def users(self, rest='', method='GET', body=None):
        return self.call(method, '/groups/%s/apps/%s/users%s' % (
            self.group, self.app, rest), body)

    def apps(self, rest='', method='GET', body=None, **more):
        """Below the app of the world."""
        return self.call(method, '/groups/%s/apps/%s%s' % (
            self.group, self.app, rest), body, **more)
