import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../src/config/loader.ts';

const ROOT = join(import.meta.dirname, '../..');
const DEPLOY = join(ROOT, 'deploy');

const serviceSchema = z.looseObject({
  image: z.string(),
  profiles: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.unknown()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  read_only: z.boolean().default(false),
  user: z.string().optional(),
  stop_grace_period: z.string().optional(),
  environment: z.record(z.string(), z.string()).default({}),
});
const composeSchema = z.looseObject({
  services: z.record(z.string(), serviceSchema),
  volumes: z.record(z.string(), z.unknown()),
});

const text = readFileSync(join(DEPLOY, 'compose.yaml'), 'utf8');
const { services, volumes } = composeSchema.parse(parse(text, { merge: true }));
const profiles = ['simulated', 'gpu', 'gpu-triton'] as const;

function of(profile: string): string[] {
  return Object.entries(services).flatMap(([name, service]) =>
    service.profiles.length === 0 || service.profiles.includes(profile) ? [name] : [],
  );
}

describe('compose', () => {
  it.each(profiles)('has all that profile %s needs, and one gateway', (profile) => {
    const running = of(profile);
    expect(running.filter((name) => name.startsWith('gateway'))).toHaveLength(1);
    const needed = running.flatMap((name) => Object.keys(services[name]?.depends_on ?? {}));
    expect(needed.filter((name) => !running.includes(name))).toEqual([]);
    expect(running).toEqual(expect.arrayContaining(['redis', 'postgres', 'prometheus', 'grafana']));
  });

  it.each(profiles)(
    'gives profile %s a configuration that the gateway takes, of engines that run',
    (profile) => {
      const { config } = loadConfig(join(DEPLOY, `compose/${profile}.yaml`), {
        environment: {
          DATABASE_URL: 'postgres://assay:secret@postgres:5432/assay',
          REDIS_PASSWORD: 'secret',
          FENCE_SECRET: 'a secret that is long enough',
        },
        builtInTemplates: join(ROOT, 'src/judging/templates'),
      });
      const hosts = Object.values(config.engines).flatMap(({ replicas }) =>
        replicas.map((url) => new URL(url).hostname),
      );
      expect(hosts).toHaveLength(2);
      expect(hosts.filter((host) => !of(profile).includes(host))).toEqual([]);
    },
  );

  it('opens ports to this machine alone', () => {
    const ports = Object.values(services).flatMap((service) => service.ports);
    expect(ports.length).toBeGreaterThan(0);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it('has no password of its own', () => {
    const secrets = Object.values(services)
      .flatMap(({ environment }) => Object.entries(environment))
      .filter(([key]) => /PASSWORD|SECRET|DATABASE_URL/.test(key));
    expect(secrets.length).toBeGreaterThan(4);
    expect(secrets.filter(([, value]) => !value.includes(':?set it in deploy/.env'))).toEqual([]);
    const example = readFileSync(join(DEPLOY, '.env.example'), 'utf8');
    for (const [, name] of text.matchAll(/\$\{(\w+)[:}]/g)) expect(example).toContain(`${name}=`);
  });

  it('mounts only what is there', () => {
    const mounted = Object.values(services)
      .flatMap((service) => service.volumes)
      .map((volume) => volume.split(':')[0] ?? '');
    const files = mounted.filter((source) => source.startsWith('./'));
    expect(files.length).toBeGreaterThan(6);
    expect(files.filter((file) => !existsSync(join(DEPLOY, file)))).toEqual([]);
    const named = mounted.filter((source) => /^\w/.test(source));
    expect(named.filter((name) => !(name in volumes))).toEqual([]);
  });

  it('runs Assay as nobody on a root that it cannot write, with time to drain', () => {
    const own = Object.entries(services).filter(([, { image }]) => image.startsWith('assay:'));
    expect(own.map(([name]) => name)).toEqual([
      'gateway',
      'gateway-gpu',
      'gateway-gpu-triton',
      'simulated-small',
      'simulated-large',
    ]);
    for (const [name, service] of own) {
      expect([name, service.read_only, service.user]).toEqual([name, true, '65532:65532']);
      if (name.startsWith('gateway')) expect(service.stop_grace_period).toBe('60s');
    }
  });
});

describe('the Dockerfile', () => {
  const dockerfile = readFileSync(join(DEPLOY, 'Dockerfile'), 'utf8');
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));

  it('ends in an image without shell or package manager that nobody runs', () => {
    expect(last).toContain('FROM ${BASE_IMAGE}');
    expect(dockerfile).toContain('ARG BASE_IMAGE=gcr.io/distroless/cc-debian12:nonroot');
    expect(last).not.toMatch(/^RUN/m);
    expect(last).toContain('\nUSER 65532:65532\n');
    expect(last).toContain('\nHEALTHCHECK ');
  });

  it('copies only what its ignore file lets through', () => {
    const ignore = readFileSync(join(DEPLOY, 'Dockerfile.dockerignore'), 'utf8').split('\n');
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
      (match) => match[1]?.split(' ') ?? [],
    );
    expect(copied).toEqual(['package.json', 'package-lock.json', 'LICENSE', 'src', 'deploy/assemble.sh']);
    expect(copied.filter((file) => !ignore.includes(`!${file}`) || !existsSync(join(ROOT, file)))).toEqual(
      [],
    );
  });
});
