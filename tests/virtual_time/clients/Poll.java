// Java's HttpClient, which keeps connections alive.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

public class Poll {
    public static void main(String[] words) throws InterruptedException {
        var of = System.getenv();
        var url = of.get("APIXO_BASE_URL") + "/statusTask/" + of.get("POLLBENCH_MODEL") + "?taskId=" + of.get("POLLBENCH_TASK_ID");
        var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        var request = HttpRequest.newBuilder(URI.create(url)).header("Authorization", "Bearer any").timeout(Duration.ofSeconds(10)).build();
        while (true) {
            try {
                if (client.send(request, BodyHandlers.ofString()).body().contains("\"state\":\"success\"")) break;
            } catch (java.io.IOException error) {
            }
            Thread.sleep(3_000);
        }
    }
}
