/** Log lines as the real programs wrote them about pushes that were made to fail, and the versions that wrote them. */
export const realLines: readonly (readonly [program: string, line: string])[] = [
  [
    'nginx 1.22, error log',
    '2026/11/28 23:02:33 [error] 15898#15898: *1 client intended to send too large body: 2000000 bytes, client: 127.0.0.1, server: , request: "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1", host: "127.0.0.1:18081"',
  ],
  [
    'nginx 1.22, error log',
    '2026/11/28 23:02:33 [error] 15898#15898: *2 client intended to send too large chunked body: 1048384+65524 bytes, client: 127.0.0.1, server: , request: "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1", host: "127.0.0.1:18081"',
  ],
  [
    'nginx 1.22, error log',
    '2026/11/28 23:02:34 [error] 15898#15898: *3 connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.1, server: , request: "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1", upstream: "http://127.0.0.1:1/v2/team/app/blobs/uploads/1?_state=secret", host: "127.0.0.1:18081"',
  ],
  [
    'nginx 1.22, error log',
    '2026/11/28 23:02:35 [error] 15898#15898: *5 upstream timed out (110: Connection timed out) while reading response header from upstream, client: 127.0.0.1, server: , request: "PATCH /v2/slow/app/blobs/uploads/1?_state=secret HTTP/1.1", upstream: "http://127.0.0.1:18090/v2/slow/app/blobs/uploads/1?_state=secret", host: "127.0.0.1:18081"',
  ],
  [
    'nginx 1.22, combined',
    '127.0.0.1 - - [28/Nov/2026:23:02:33 +0000] "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1" 413 183 "-" "docker/29.7.2 go/go1.26"',
  ],
  [
    'nginx 1.22, combined',
    '127.0.0.1 - - [28/Nov/2026:23:02:34 +0000] "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1" 502 157 "-" "docker/29.7.2 go/go1.26"',
  ],
  [
    'nginx 1.22, combined',
    '127.0.0.1 - - [28/Nov/2026:23:02:35 +0000] "PATCH /v2/slow/app/blobs/uploads/1?_state=secret HTTP/1.1" 504 167 "-" "docker/29.7.2 go/go1.26"',
  ],
  [
    'nginx 1.22, combined',
    '127.0.0.1 - - [28/Nov/2026:23:02:35 +0000] "PATCH /v2/slow/app/blobs/uploads/1?_state=secret HTTP/1.1" 499 0 "-" "docker/29.7.2 go/go1.26"',
  ],
  [
    'nginx 1.22, combined',
    '127.0.0.1 - - [28/Nov/2026:23:02:36 +0000] "PATCH /v2/team/app/blobs/uploads/1?_state=s HTTP/1.1" 408 0 "-" "docker/29.7.2 go/go1.26"',
  ],
  [
    'nginx 1.22, as ingress-nginx configures it',
    '127.0.0.1 - - [28/Nov/2026:23:02:33 +0000] "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1" 413 183 "-" "docker/29.7.2 go/go1.26" 208 0.000 [gitea-3000] [] - - - - c09b338210a6cf9c2adb8e9080897657',
  ],
  [
    'nginx 1.22, as ingress-nginx configures it',
    '127.0.0.1 - - [28/Nov/2026:23:02:33 +0000] "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1" 413 183 "-" "docker/29.7.2 go/go1.26" 1048787 0.002 [gitea-3000] [] - - - - b009e1579bfc731106b1f6ca3517126d',
  ],
  [
    'nginx 1.22, as ingress-nginx configures it',
    '127.0.0.1 - - [28/Nov/2026:23:02:34 +0000] "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1" 502 157 "-" "docker/29.7.2 go/go1.26" 2205 0.000 [gitea-3000] [] 127.0.0.1:1 0 0.000 502 4a2290be95148254db71727e7ad863b8',
  ],
  [
    'nginx 1.22, as ingress-nginx configures it',
    '127.0.0.1 - - [28/Nov/2026:23:02:35 +0000] "PATCH /v2/slow/app/blobs/uploads/1?_state=secret HTTP/1.1" 504 167 "-" "docker/29.7.2 go/go1.26" 2205 1.001 [gitea-3000] [] 127.0.0.1:18090 0 1.001 504 f507d087be8a4b2300c5669c71d04c8c',
  ],
  [
    'nginx 1.22, as ingress-nginx configures it',
    '127.0.0.1 - - [28/Nov/2026:23:02:35 +0000] "PATCH /v2/slow/app/blobs/uploads/1?_state=secret HTTP/1.1" 499 0 "-" "docker/29.7.2 go/go1.26" 2205 0.504 [gitea-3000] [] 127.0.0.1:18090 0 0.504 - 7c91fc2bcd303b1f75ab6eb9501b67ab',
  ],
  [
    'nginx 1.22, as ingress-nginx configures it',
    '127.0.0.1 - - [28/Nov/2026:23:02:36 +0000] "PATCH /v2/team/app/blobs/uploads/1?_state=s HTTP/1.1" 408 0 "-" "docker/29.7.2 go/go1.26" 127 1.001 [gitea-3000] [] - - - - af6940a91ad87f84115761b97dc42a29',
  ],
  [
    'HAProxy 2.6',
    '<134>Nov 28 23:02:41 haproxy[15896]: 127.0.0.1:48414 [28/Nov/2026:23:02:38.589] fe be/registry 0/0/-1/-1/3004 503 217 - - SC-- 1/1/0/0/3 0/0 "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1"',
  ],
  [
    'HAProxy 2.6',
    '<134>Nov 28 23:02:44 haproxy[15896]: 127.0.0.1:48416 [28/Nov/2026:23:02:41.668] fe be/registry 0/0/-1/-1/3006 503 217 - - SC-- 1/1/0/0/3 0/0 "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1"',
  ],
  [
    'HAProxy 2.6',
    '<134>Nov 28 23:02:47 haproxy[15896]: 127.0.0.1:48428 [28/Nov/2026:23:02:44.715] fe be/registry 0/0/-1/-1/3007 503 217 - - SC-- 1/1/0/0/3 0/0 "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1"',
  ],
  [
    'HAProxy 2.6',
    '<134>Nov 28 23:02:48 haproxy[15896]: 127.0.0.1:54092 [28/Nov/2026:23:02:47.739] fe slow/registry 0/0/0/-1/1001 504 198 - - sH-- 1/1/0/0/0 0/0 "PATCH /v2/slow/app/blobs/uploads/1?_state=secret HTTP/1.1"',
  ],
  [
    'HAProxy 2.6',
    '<134>Nov 28 23:02:49 haproxy[15896]: 127.0.0.1:54096 [28/Nov/2026:23:02:48.789] fe slow/registry 0/0/0/-1/1005 504 198 - - sH-- 2/2/0/0/0 0/0 "PATCH /v2/slow/app/blobs/uploads/1?_state=secret HTTP/1.1"',
  ],
  [
    'HAProxy 2.6',
    '<134>Nov 28 23:02:51 haproxy[15896]: 127.0.0.1:54100 [28/Nov/2026:23:02:49.283] fe be/registry 0/0/-1/-1/2501 -1 0 - - CC-- 1/1/0/0/3 0/0 "PATCH /v2/team/app/blobs/uploads/1?_state=s HTTP/1.1"',
  ],
  [
    'Traefik 3.7',
    '127.0.0.1 - - [28/Nov/2026:23:02:52 +0000] "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1" 413 24 "-" "-" 1 "r@file" "-" 0ms',
  ],
  [
    'Traefik 3.7',
    '127.0.0.1 - - [28/Nov/2026:23:02:52 +0000] "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1" 413 24 "-" "-" 2 "r@file" "-" 20ms',
  ],
  [
    'Traefik 3.7',
    '127.0.0.1 - - [28/Nov/2026:23:02:52 +0000] "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1" 502 11 "-" "-" 3 "r@file" "http://127.0.0.1:1" 0ms',
  ],
  [
    'Traefik 3.7',
    '127.0.0.1 - - [28/Nov/2026:23:02:52 +0000] "PATCH /v2/slow/app/blobs/uploads/1?_state=secret HTTP/1.1" 502 11 "-" "-" 4 "r@file" "http://127.0.0.1:1" 0ms',
  ],
  [
    'Traefik 3.7',
    '127.0.0.1 - - [28/Nov/2026:23:02:52 +0000] "PATCH /v2/slow/app/blobs/uploads/1?_state=secret HTTP/1.1" 502 11 "-" "-" 5 "r@file" "http://127.0.0.1:1" 0ms',
  ],
  [
    'Traefik 3.7',
    '127.0.0.1 - - [28/Nov/2026:23:02:52 +0000] "PATCH /v2/team/app/blobs/uploads/1?_state=s HTTP/1.1" 499 21 "-" "-" 6 "r@file" "-" 2500ms',
  ],
  [
    'Envoy 1.40',
    '[2026-11-28T23:03:22.653Z] "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1" 503 UF 2000 98 23 - "-" "docker/29.7.2 go/go1.26" "c804cb5a-0203-4d71-a80d-7f19a88ce04e" "127.0.0.1:18085" "127.0.0.1:1"',
  ],
  [
    'Envoy 1.40',
    '[2026-11-28T23:03:22.715Z] "PATCH /v2/slow/app/blobs/uploads/1?_state=secret HTTP/1.1" 504 UT 2000 24 1000 - "-" "docker/29.7.2 go/go1.26" "703971f5-fb72-4655-8d97-7f5ababc4d49" "127.0.0.1:18085" "127.0.0.1:18090"',
  ],
  [
    'Envoy 1.40',
    '[2026-11-28T23:03:23.741Z] "PATCH /v2/slow/app/blobs/uploads/1?_state=secret HTTP/1.1" 0 DC 2000 0 501 - "-" "docker/29.7.2 go/go1.26" "dbd33bdf-f1a3-4d1d-a902-d6dae99e41e6" "127.0.0.1:18085" "127.0.0.1:18090"',
  ],
  [
    'docker-registry 2.8.2',
    'time="2026-11-28T23:03:22.644558372Z" level=error msg="response completed with error" err.code="blob upload invalid" err.detail="illegal base64 data at input byte 4" err.message="blob upload invalid" go.version=go1.19.8 http.request.contenttype=application/x-www-form-urlencoded http.request.host="127.0.0.1:18084" http.request.id=49ab7e6e-723d-4b43-99ba-cc58d647641f http.request.method=PATCH http.request.remoteaddr="127.0.0.1:44866" http.request.uri="/v2/team/app/blobs/uploads/5c8f8f76-1111-4111-8111-111111111111?_state=secret" http.request.useragent="docker/29.7.2 go/go1.26" http.response.contenttype="application/json; charset=utf-8" http.response.duration=1.500184ms http.response.status=404 http.response.written=87 vars.name=team/app vars.uuid=5c8f8f76-1111-4111-8111-111111111111',
  ],
  [
    'docker-registry 2.8.2',
    '127.0.0.1 - - [28/Nov/2026:23:03:22 +0000] "PATCH /v2/team/app/blobs/uploads/5c8f8f76-1111-4111-8111-111111111111?_state=secret HTTP/1.1" 404 87 "" "docker/29.7.2 go/go1.26"',
  ],
  [
    'nginx 1.22, combined, of a client that goes away in its body',
    '127.0.0.1 - - [29/Nov/2026:08:03:42 +0000] "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1" 400 0 "-" "docker/29.7.2 go/go1.26"',
  ],
  [
    'nginx 1.22, as ingress-nginx configures it, of the same',
    '127.0.0.1 - - [29/Nov/2026:08:03:42 +0000] "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1" 400 0 "-" "docker/29.7.2 go/go1.26" 524453 0.236 [registry-5000] [] 127.0.0.1:33343 0 0.235 - 72ef40f78d721cfc0e017a62b7f8d052',
  ],
  [
    'nginx 1.22, error log, of the same',
    '2026/11/29 08:03:42 [info] 4282#4282: *2 client prematurely closed connection while sending request to upstream, client: 127.0.0.1, server: , request: "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1", upstream: "http://127.0.0.1:33343/v2/team/app/blobs/uploads/1?_state=secret", host: "127.0.0.1:33649"',
  ],
  [
    'nginx 1.22, error log, of a client that goes away while it waits',
    '2026/11/29 08:01:31 [info] 1832#1832: *2 epoll_wait() reported that client prematurely closed connection, so upstream connection is closed too while sending request to upstream, client: 127.0.0.1, server: , request: "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1", upstream: "http://127.0.0.1:32869/v2/team/app/blobs/uploads/1?_state=secret", host: "127.0.0.1:34007"',
  ],
  [
    'HAProxy 2.6, of a registry that closes in the middle of a body',
    '127.0.0.1:57238 [29/Nov/2026:08:04:39.510] front back/one 0/0/0/-1/26 -1 0 - - SD-- 1/1/0/0/0 0/0 "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1"',
  ],
  [
    'Traefik 3.7',
    '127.0.0.1 - - [29/Nov/2026:08:04:52 +0000] "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1" 504 15 "-" "-" 1 "registry@file" "http://127.0.0.1:34105" 1018ms',
  ],
  [
    'Traefik 3.7, of what the registry answered',
    '127.0.0.1 - - [29/Nov/2026:08:04:52 +0000] "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1" 504 87 "-" "-" 1 "registry@file" "http://127.0.0.1:34105" 1018ms',
  ],
  [
    'Traefik 3.7, JSON',
    '{"DownstreamContentSize":11,"DownstreamStatus":502,"Duration":264192,"OriginContentSize":11,"OriginDuration":170383,"OriginStatus":502,"Overhead":93809,"RequestContentSize":0,"RequestMethod":"PATCH","RequestPath":"/v2/team/app/blobs/uploads/1?_state=secret"}',
  ],
  [
    'Envoy 1.40, stream_idle_timeout in the wait',
    '[2026-11-29T08:05:15.690Z] "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1" 504 SI 2000 14 1002 - "-" "docker/29.7.2 go/go1.26" "ac301423-7111-45ca-90b5-4eff04d9c8e8" "127.0.0.1:42351" "127.0.0.1:42233"',
  ],
  [
    'Envoy 1.40, request_timeout',
    '[2026-11-29T08:05:17.438Z] "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1" 408 - 524288 15 1009 - "-" "docker/29.7.2 go/go1.26" "cbbf3e0a-ee9f-424f-a930-a6d1c6531853" "127.0.0.1:38917" "127.0.0.1:41003"',
  ],
  [
    'docker-registry 2.8.2',
    'time="2026-11-29T08:20:53.224958031Z" level=error msg="client disconnected during blob PATCH" contentLength=2000000 copied=300000 error="unexpected EOF" go.version=go1.19.8 http.request.host=registry http.request.method=PATCH http.request.uri="/v2/team/app/blobs/uploads/1?_state=secret" http.request.useragent=docker/29',
  ],
  [
    'docker-registry 2.8.2',
    'time="2026-11-29T08:20:53.243952321Z" level=error msg="response completed with error" err.code=unknown err.detail="client disconnected" err.message="unknown error" http.request.host=registry http.request.method=PATCH http.request.uri="/v2/team/app/blobs/uploads/1?_state=secret" http.request.useragent=docker/29 http.response.duration=530.542326ms http.response.status=500 http.response.written=89',
  ],
  [
    'Gitea 1.26, router',
    '2026/11/29 15:58:22 HTTPRequest [I] router: completed PUT /v2/probe/app/blobs/uploads/zoir41rjrjboatsw9uyb6tqw2?digest=sha256:ccd7ae5f211625a6c61dd6d17c3c233387be62713661edd15cce9bf3e5012999 for 127.0.0.1:33596, 403 Forbidden in 15.4ms @ container/container.go:403(container.PutBlobsUpload)',
  ],
  [
    'Gitea 1.26, access',
    '127.0.0.1 - - [29/Nov/2026:15:58:21 +0000] "PUT /v2/probe/app/blobs/uploads/zoir41rjrjboatsw9uyb6tqw2?digest=sha256:ccd7ae5f211625a6c61dd6d17c3c233387be62713661edd15cce9bf3e5012999 HTTP/1.1" 403 0 "" "curl/7.88.1"',
  ],
  [
    'Gitea 1.26, router',
    '2026/11/29 15:58:22 HTTPRequest [I] router: completed POST /v2/keeper/app/blobs/uploads/ for 127.0.0.1:33626, 401 Unauthorized in 47.4ms @ packages/api.go:42(packages.reqPackageAccess)',
  ],
  [
    'Gitea 1.26, router',
    '2026/11/29 15:58:22 HTTPRequest [I] router: completed POST /v2/nobody/app/blobs/uploads/ for 127.0.0.1:33640, 404 Not Found in 11.1ms @ context/user.go:16(packages.ContainerRoutes.UserAssignmentWeb)',
  ],
  [
    'Gitea 1.26, console',
    '2026/11/29 15:59:00 .../container/container.go:387:PatchBlobsUpload() [E] Package registry API internal error: 500 unexpected EOF',
  ],
  [
    'Gitea 1.26, router',
    '2026/11/29 15:59:00 HTTPRequest [I] router: completed PATCH /v2/probe/app/blobs/uploads/2ro2ergt6rlc0avr7pezhatzl for 127.0.0.1:53490, 500 Internal Server Error in 2005.3ms @ container/container.go:355(container.PatchBlobsUpload)',
  ],
  [
    'Gitea 1.26, console',
    '2026/11/29 15:59:02 .../container/container.go:387:PatchBlobsUpload() [E] Package registry API internal error: 500 offset mismatch between file and model',
  ],
  [
    'Gitea 1.26, console',
    '2026/11/29 15:59:06 .../container/container.go:363:PatchBlobsUpload() [E] Package registry API internal error: 500 mkdir /data/gitea/tmp/package-upload: not a directory',
  ],
  [
    'Gitea 1.26, router',
    '2026/11/29 15:58:22 HTTPRequest [I] router: completed PATCH /v2/probe/app/blobs/uploads/nonesuch000000000000000 for 127.0.0.1:33656, 404 Not Found in 17.9ms @ container/container.go:355(container.PatchBlobsUpload)',
  ],
  [
    'HAProxy 2.6, of what `http-request return` answers',
    '127.0.0.1:56180 [30/Nov/2026:02:28:59.384] fe fe/<NOSRV> 0/-1/-1/-1/0 413 95 - - LR-- 1/1/0/0/0 0/0 "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1"',
  ],
  [
    'HAProxy 2.6, of what `http-request deny` answers',
    '127.0.0.1:56186 [30/Nov/2026:02:28:59.437] fe fe/<NOSRV> 0/-1/-1/-1/0 403 192 - - PR-- 1/1/0/0/0 0/0 "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1"',
  ],
];
