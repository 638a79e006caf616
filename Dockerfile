# A static binary on an empty base. It runs as a numeric user without a name,
# because there is no passwd file, and keeps its data in /data.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=docker
RUN make build VERSION="$VERSION" && mkdir -p /out/data /out/tmp && cp scimd /out/

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /out/ /
USER 65532:65532
# Inside a container, listening on loopback would reach nobody. Publish the ports on
# loopback, or to a proxy with TLS, or set SCIMD_TLS_CERT and SCIMD_TLS_KEY. The second
# is that of the control API, which needs its own token.
ENV SCIMD_ADDR=0.0.0.0:8080 SCIMD_CONTROL_ADDR=0.0.0.0:8081 SCIMD_INSECURE_HTTP=true SCIMD_DATA_DIR=/data
VOLUME /data
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["/scimd", "ping"]
ENTRYPOINT ["/scimd"]
CMD ["serve"]
