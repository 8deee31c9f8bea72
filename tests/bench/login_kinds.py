"""The kinds of others that log people in, each with a server of its own here.

All ask for alice's password (one for her key); the settings are those that
Debian or the program begins with, but for what is said.
"""

import base64
import hashlib
import os

import login_world as lab

BASE = 'dc=lab'
REALM = 'LAB.TEST'
SECRET = 'shared-by-both-of-them'

CURL = """#!/bin/sh
read -r key
printf '{"key":"%%s"}' "$key" |
    exec curl -sSf -o /dev/null --cacert %(ca)s --data @- \\
        -H 'Content-Type: application/json' %(url)s
"""
RADIUSD = """
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = %(folder)s
run_dir = %(folder)s
logdir = %(folder)s
pidfile = %(folder)s/pid
security {
    allow_vulnerable_openssl = yes  # no objections to this machine's
}
client near {
    ipaddr = 127.0.0.1
    secret = %(secret)s
}
client ten {
    ipaddr = 10.10.0.0/24
    secret = %(secret)s
}
modules {
    pap {
    }
    files {
        filename = %(folder)s/users
    }
}
server default {
    listen {
        type = auth
        ipaddr = *
        port = %(port)d
    }
    authorize {
        files
        pap
    }
    authenticate {
        pap
    }
}
"""


def lines(*words):
    return '\n'.join(words) + '\n'


def ssha(password):
    """As slapd hashes by default."""
    salt = os.urandom(8)
    hashed = hashlib.sha1(password.encode() + salt).digest()
    return '{SSHA}' + base64.b64encode(hashed + salt).decode()


class Peer:
    """One kind: a server for all ways, then what a host has for each way."""

    name = ''
    key = False  # a key, not a password, is what it asks for
    programs = ()
    packages = True  # out of those that were unpacked

    def __init__(self, shared):
        self.shared = shared  # what several kinds use, by name
        self.port = lab.free_port()

    def serve(self, world):
        """The server, in one of the worlds."""

    def host(self, world):
        """What a host has; the line of its stack."""
        raise NotImplementedError


class Curl(Peer):
    """The curl command, run for each login by pam_exec."""

    name = 'pam_exec with curl'
    key = True
    programs = ('/usr/bin/curl',)
    packages = False

    def host(self, world):
        path = world.put('curl-login', CURL % {
            'ca': lab.UK['UK_CA'], 'url': 'https://%s:%d%s' % (
                world.address, self.shared['service'], lab.LOGIN_PATH)})
        os.chmod(path, 0o700)
        return 'pam_exec.so quiet expose_authtok ' + path


class Directory(Peer):
    """slapd with alice in it, over TLS; one for all that ask such."""

    def serve(self, world):
        if 'slapd' in self.shared:
            self.port = self.shared['slapd']
            return
        data = world.folder + '/ldap'
        os.mkdir(data)
        conf = world.put('slapd.conf', lines(
            *('include %s/etc/ldap/schema/%s.schema' % (world.root, name)
              for name in ('core', 'cosine', 'nis')),
            'modulepath /usr/lib/ldap', 'moduleload back_mdb',
            'pidfile %s/pid' % data,
            'TLSCACertificateFile ' + lab.UK['UK_CA'],
            'TLSCertificateFile %s/server.pem' % lab.LAB,
            'TLSCertificateKeyFile %s/server.key' % lab.LAB,
            'database mdb', 'suffix ' + BASE, 'directory ' + data,
            'index objectClass,uid,uidNumber,gidNumber,memberUid eq',
            'access to attrs=userPassword by anonymous auth',
            'access to * by * read'))
        entries = world.put('ldap.ldif', lines(
            'dn: ' + BASE, 'objectClass: organization',
            'objectClass: dcObject', 'o: lab', 'dc: lab', '',
            'dn: uid=alice,' + BASE, 'objectClass: account',
            'objectClass: posixAccount', 'uid: alice', 'cn: alice',
            'uidNumber: 1000', 'gidNumber: 1000', 'homeDirectory: /',
            'userPassword: ' + ssha(lab.UK['UK_UNIX_PASSWORD'])))
        world.run('/usr/sbin/slapadd', '-f', conf, '-l', entries)
        world.launch('/usr/sbin/slapd', '-d', '0', '-f', conf, '-h',
                     'ldaps://0.0.0.0:%d' % self.port)
        lab.wait_for(self.port)
        self.shared['slapd'] = self.port

    def url(self, world):
        return 'ldaps://%s:%d' % (world.address, self.port)


class Nslcd(Directory):
    """As Debian sets it up; nothing is cached but its connection."""

    name = 'nslcd, ldaps'
    programs = ('/usr/sbin/slapd', '/usr/sbin/nslcd')

    def host(self, world):
        world.put('nslcd.conf', 'uri %s\nbase %s\ntls_reqcert demand\n'
                  'tls_cacertfile %s\n' % (
                      self.url(world), BASE, lab.UK['UK_CA']),
                  at='/etc/nslcd.conf')
        world.launch('/usr/sbin/nslcd', '-n')
        return 'pam_ldap.so'


class Sssd(Directory):
    """No credentials cached.  What sssd keeps by its defaults, it keeps: who
    alice is, for 5 s (pam_id_timeout), which in this bench is always."""

    name = 'sssd, ldaps'
    programs = ('/usr/sbin/slapd', '/usr/sbin/sssd')

    def host(self, world):
        conf = world.put('sssd.conf', lines(
            '[sssd]', 'services = pam', 'domains = lab',
            'enable_files_domain = false', '[domain/lab]',
            'id_provider = ldap', 'auth_provider = ldap',
            'access_provider = permit', 'cache_credentials = false',
            'ldap_uri = ' + self.url(world), 'ldap_search_base = ' + BASE,
            'ldap_tls_cacert = ' + lab.UK['UK_CA'],
            'ldap_tls_reqcert = demand'))
        world.launch('/usr/sbin/sssd', '-i', '-c', conf)
        return 'pam_sss.so'


class Radius(Peer):
    """One packet each way, PAP under a shared secret."""

    name = 'radius'
    programs = ('/usr/sbin/freeradius',)

    def serve(self, world):
        folder = world.folder + '/radius'
        os.mkdir(folder)
        world.put('radius/users', 'alice Cleartext-Password := "%s"\n'
                  % lab.UK['UK_UNIX_PASSWORD'])
        world.put('radius/radiusd.conf', RADIUSD % {
            'folder': folder, 'port': self.port, 'secret': SECRET})
        world.launch('/usr/sbin/freeradius', '-f', '-l', 'stdout', '-d',
                     folder, '-n', 'radiusd')

    def host(self, world):
        conf = world.put('pam_radius.conf', '%s:%d %s 3\n' % (
            world.address, self.port, SECRET))
        return 'pam_radius_auth.so conf=' + conf


class Kerberos(Peer):
    """With preauthentication, as a KDC asks for it, and the ticket tried on
    the host's own key: without that, who answers in the KDC's place decides."""

    name = 'krb5'
    programs = ('/usr/sbin/krb5kdc', '/usr/sbin/kadmin.local')

    def serve(self, world):
        self.folder = folder = world.folder + '/krb5'
        os.mkdir(folder)
        world.put('krb5/krb5.conf', self.settings(world))
        world.put('krb5/kdc.conf', lines(
            '[realms]', REALM + ' = {', 'database_name = %s/kdc' % folder,
            'key_stash_file = %s/stash' % folder,
            'acl_file = %s/acl' % folder,
            'default_principal_flags = +preauth',
            'kdc_listen = 0.0.0.0:%d' % self.port,
            'kdc_tcp_listen = 0.0.0.0:%d' % self.port, '}'))
        env = ('env', 'KRB5_CONFIG=%s/krb5.conf' % folder,
               'KRB5_KDC_PROFILE=%s/kdc.conf' % folder)
        world.run(*env, '/usr/sbin/kdb5_util', 'create', '-s', '-r', REALM,
                  '-P', SECRET)
        for query in ('addprinc -pw "%s" alice' % lab.UK['UK_UNIX_PASSWORD'],
                      'addprinc -randkey host/localhost',
                      'ktadd -k %s/keytab host/localhost' % folder):
            world.run(*env, '/usr/sbin/kadmin.local', '-r', REALM, '-q', query)
        world.launch(*env, '/usr/sbin/krb5kdc', '-n', '-r', REALM)
        lab.wait_for(self.port)

    def settings(self, world):
        return lines(
            '[libdefaults]', 'default_realm = ' + REALM, 'rdns = false',
            'dns_lookup_kdc = false', 'dns_lookup_realm = false',
            'dns_canonicalize_hostname = false',
            'verify_ap_req_nofail = true',
            'default_keytab_name = FILE:%s/keytab' % self.folder,
            '[realms]', '%s = {' % REALM,
            'kdc = %s:%d' % (world.address, self.port), '}')

    def host(self, world):
        path = world.put('krb5.conf', self.settings(world),
                         at='/etc/krb5.conf')
        os.chmod(path, 0o644)
        return 'pam_krb5.so'


ALL = (Curl, Nslcd, Sssd, Radius, Kerberos)
