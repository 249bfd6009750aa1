# Base images as arguments: mirrors and air-gapped builders replace them. A release looks up what the tags mean on its day and builds from
# those digests (.github/workflows/release.yml), so that both architectures have the same base, with the newest fixes.
ARG BUILD_IMAGE=docker.io/library/node:24-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot

# JavaScript is the same on every architecture: built once on the builder's own, copied into each.
FROM --platform=${BUILDPLATFORM:-linux/amd64} ${BUILD_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
# Without install scripts: nothing in the tree needs one, and none can then run.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build && mkdir state

# What is shipped of node_modules: JavaScript, and the prebuilt koffi of the machine that the image is for, which is not the builder's.
FROM --platform=${BUILDPLATFORM:-linux/amd64} ${BUILD_IMAGE} AS modules
ARG TARGETARCH
WORKDIR /build
COPY package.json package-lock.json ./
RUN case "$TARGETARCH" in amd64) cpu=x64 ;; '') cpu=$(node -p process.arch) ;; *) cpu=$TARGETARCH ;; esac && \
    npm ci --omit=dev --ignore-scripts --os=linux --cpu="$cpu" --no-audit --no-fund

# Said although it is the default: buildah 1.28 takes the platform of the stage above for this one, too.
FROM --platform=${TARGETPLATFORM:-linux/amd64} ${RUNTIME_IMAGE}
ARG RUNTIME_IMAGE
ARG VERSION=0.0.0-dev
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="blobprobe" \
      org.opencontainers.image.description="Prometheus exporter that pushes synthetic blobs to container registries over every network path" \
      org.opencontainers.image.url="https://github.com/blobprobe/blobprobe" \
      org.opencontainers.image.source="https://github.com/blobprobe/blobprobe" \
      org.opencontainers.image.documentation="https://github.com/blobprobe/blobprobe/tree/main/docs" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="The blobprobe authors" \
      org.opencontainers.image.authors="The blobprobe authors" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="${RUNTIME_IMAGE}"
ENV NODE_ENV=production \
    BLOBPROBE_REVISION=${REVISION}
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=modules /build/node_modules node_modules
COPY --from=build /build/dist dist
# A place for the ledger: new volumes take owner and mode from here.
COPY --from=build --chown=65532:65532 /build/state /var/lib/blobprobe
COPY LICENSE config.example.yaml config.schema.json ./
# Distroless' nonroot, as a number: Kubernetes' runAsNonRoot cannot check names.
USER 65532:65532
EXPOSE 10719
STOPSIGNAL SIGTERM
# Named in full although the base image has them too: the health check below has to know where node is.
# The flag is the one in main.js: it keeps the young generation, and with it the resident memory, small.
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=4", "--v8-pool-size=1", "/app/dist/main.js"]
CMD ["serve", "--config.file=/etc/blobprobe/config.yaml"]
# For Docker and Podman; Kubernetes has probes of its own. With TLS or a route prefix, give --url.
HEALTHCHECK --interval=30s --timeout=6s --start-period=10s --retries=3 \
  CMD ["/nodejs/bin/node", "/app/dist/main.js", "healthcheck"]
