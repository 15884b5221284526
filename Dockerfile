# Two stages: the package as `npm pack` makes it from this checkout, and it on a Node of its own. The second runs no command,
# so that its base needs no shell. How to use it: docs/how-to/container.md.
ARG BASE=node:24-slim
# The base of the image itself: Node on PATH is all that it needs, no shell and no npm.
ARG FINAL=${BASE}

FROM ${BASE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
COPY runtime/package.json runtime/
# The scripts of packages do nothing that the build needs.
RUN npm ci --ignore-scripts
COPY . .
RUN npm pack --pack-destination / \
  && mkdir -p /image/opt /image/etc/postern /image/usr/local/bin /folders/data /folders/trust \
  && tar -xzf /postern-*.tgz -C /image/opt \
  && mv /image/opt/package /image/opt/postern \
  && cp examples/container/image.json /image/etc/postern/postern.json \
  && ln -s /opt/postern/bin/main.mjs /image/usr/local/bin/postern

FROM ${FINAL}
COPY --from=build /image /
# /trust is for a copy of the authority that other containers may read; /data has the keys.
COPY --from=build --chown=61043:61043 /folders /
ENV POSTERN_DATA=/data
USER 61043:61043
VOLUME /data
EXPOSE 8443
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/opt/postern/bin/main.mjs", "start", "--config", "/etc/postern/postern.json"]
