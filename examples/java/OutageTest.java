// Tests of a provisioning method against scimd, without a library: java OutageTest.java
// Scimd and Tenant go into tests of JUnit as they are.

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public final class OutageTest {
    static final HttpClient HTTP = HttpClient.newHttpClient();

    /** What is tested: makes a user, and comes again when it is told to. */
    static void provision(String base, String token, String userName) throws IOException, InterruptedException {
        String user = "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"" + userName + "\"}";
        for (int attempt = 0; attempt < 3; attempt++) {
            HttpResponse<String> answer = send("POST", base + "/Users", token, user, "application/scim+json");
            switch (answer.statusCode()) {
                case 201:
                    return;
                case 429, 503:
                    Thread.sleep(1000 * answer.headers().firstValueAsLong("Retry-After").orElse(1));
                    break;
                default:
                    throw new IOException(answer.body());
            }
        }
        throw new IOException(userName + " was not made");
    }

    static void aRefusedRequestIsSentAgain(Tenant tenant) throws IOException, InterruptedException {
        tenant.fault("{\"match\":{\"operations\":[\"create\"]},\"times\":1,\"act\":{\"status\":503,\"retryAfter\":0}}");
        provision(tenant.base, tenant.token, "ada@corp.example");
        tenant.waitFor(1, "operation=create&status=503");
        String page = tenant.waitFor(1, "operation=create&status=201");
        check(List.of("User"), all(page, "resourceType").subList(0, 1), page);
    }

    static void aUserWhoIsThereIsNotMadeAgain(Tenant tenant) throws IOException, InterruptedException {
        boolean refused = false;
        try {
            provision(tenant.base, tenant.token, "grace@corp.example");
        } catch (IOException e) {
            refused = true;
        }
        String page = tenant.waitFor(1, "operation=create&status=4xx");
        check(true, refused, page);
        check(List.of("uniqueness"), all(page, "rule"), page);
    }

    interface Test {
        void run(Tenant tenant) throws IOException, InterruptedException;
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        try (Scimd scimd = new Scimd()) {
            for (Test test : List.<Test>of(OutageTest::aRefusedRequestIsSentAgain, OutageTest::aUserWhoIsThereIsNotMadeAgain)) {
                try (Tenant tenant = scimd.tenant()) {
                    tenant.seed("version: 1\nUsers:\n  - userName: grace@corp.example\n");
                    test.run(tenant);
                }
            }
        }
        System.out.println("ok");
    }

    static void check(Object want, Object got, String where) {
        if (!want.equals(got)) {
            throw new AssertionError("want " + want + ", got " + got + " in " + where);
        }
    }

    /** An isolated tenant: base and token are for the client that is tested. */
    static final class Tenant implements AutoCloseable {
        final String name, base, token;
        private final Scimd server;

        Tenant(Scimd server, String made) {
            this.server = server;
            name = one(made, "name");
            token = one(made, "token");
            Matcher m = Pattern.compile("\"baseUrls\"\\s*:\\s*\\[\\s*\"([^\"]*)\"").matcher(made);
            check(true, m.find(), made);
            base = m.group(1);
        }

        void seed(String text) throws IOException, InterruptedException {
            server.control("POST", "/tenants/" + name + "/seed", text, "application/yaml");
        }

        void fault(String rule) throws IOException, InterruptedException {
            server.control("POST", "/tenants/" + name + "/faults", rule, "application/json");
        }

        /** Gives the page of the journal with the requests that match as soon as there are count. */
        String waitFor(int count, String filter) throws IOException, InterruptedException {
            String page = server.control("GET", "/tenants/" + name + "/journal/wait?count=" + count + "&timeout=5s&" + filter, null, "application/json");
            check(List.of("true"), all(page, "complete"), page);
            return page;
        }

        @Override
        public void close() throws IOException {
            try {
                server.control("DELETE", "/tenants/" + name, null, "application/json");
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }
    }

    /** The process. It ends with this one, however that ends: its standard input closes. */
    static final class Scimd implements AutoCloseable {
        private final Process process;
        private final String url, token;

        Scimd() throws IOException, InterruptedException {
            Path dir = Files.createTempDirectory("scimd-");
            dir.toFile().deleteOnExit();
            Path file = dir.resolve("ready.json"), out = dir.resolve("out.txt");
            file.toFile().deleteOnExit();
            out.toFile().deleteOnExit();
            String program = System.getenv().getOrDefault("SCIMD", "scimd");
            process = new ProcessBuilder(program, "serve", "--ephemeral", "--addr", "127.0.0.1:0", "--control-addr", "127.0.0.1:0",
                    "--ready-file", file.toString(), "--exit-when-stdin-closes", "--log-level", "warn")
                    .directory(dir.toFile()).redirectOutput(out.toFile()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            long deadline = System.nanoTime() + 30_000_000_000L;
            while (!Files.exists(file)) {
                if (!process.isAlive() || System.nanoTime() > deadline) {
                    process.destroy();
                    throw new IOException("scimd did not start");
                }
                Thread.sleep(10);
            }
            String ready = Files.readString(file);
            url = one(ready, "controlUrl");
            token = one(ready, "controlToken");
        }

        String control(String method, String path, String body, String media) throws IOException, InterruptedException {
            HttpResponse<String> answer = send(method, url + path, token, body, media);
            if (answer.statusCode() >= 300) {
                throw new IOException(method + " " + path + ": " + answer.statusCode() + " " + answer.body());
            }
            return answer.body();
        }

        Tenant tenant() throws IOException, InterruptedException {
            return new Tenant(this, control("POST", "/tenants", "{\"expires\":\"10m\"}", "application/json"));
        }

        @Override
        public void close() throws IOException {
            process.getOutputStream().close();
            try {
                check(0, process.waitFor(), "the end of scimd");
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }
    }

    static HttpResponse<String> send(String method, String url, String token, String body, String media) throws IOException, InterruptedException {
        return HTTP.send(HttpRequest.newBuilder(URI.create(url)).header("Authorization", "Bearer " + token).header("Content-Type", media)
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
    }

    /** The values of all members of a name, in order: enough of JSON for this. */
    static List<String> all(String json, String name) {
        List<String> out = new ArrayList<>();
        Matcher m = Pattern.compile("\"" + name + "\"\\s*:\\s*\"?([^\",}\\s\\]]+)").matcher(json);
        while (m.find()) {
            out.add(m.group(1));
        }
        return out;
    }

    static String one(String json, String name) {
        List<String> found = all(json, name);
        check(false, found.isEmpty(), json);
        return found.get(0);
    }
}
